import type { Target } from '../targets/target.ts'
import type { VerifyResult } from './result.ts'

/** What a process writes when it dies of its own fault: Redis, Node, our roles, HAProxy. */
const crash =
  /=== REDIS BUG REPORT START|Guru Meditation|ASSERTION FAILED|unexpected error:|Uncaught |UnhandledPromise|FATAL ERROR|"level":"fatal"|\bpanic: |segfault|FATAL: bug/i

export interface LogWatch {
  /** Lines that tell of a crash, since it began: `gateway: …`. */
  readonly crashes: readonly string[]
  /** Changes of the primary, from the gateway's own log. */
  readonly failovers: VerifyResult['failovers']
  stop(): Promise<void>
}

/**
 * Reads what all components log from now on.
 * @param startedAtMs when the run began, on the wall clock that logs have
 */
export async function watchLogs(target: Pick<Target, 'logs'>, startedAtMs: number): Promise<LogWatch> {
  const stopping = new AbortController()
  const old = new Set<string>()
  for await (const line of target.logs(undefined, { follow: false, signal: stopping.signal })) {
    if (crash.test(line)) old.add(line)
  }
  const crashes: string[] = []
  const failovers: VerifyResult['failovers'][number][] = []
  let node = ''
  let teller: string | null = null
  const follow = async (): Promise<void> => {
    for await (const line of target.logs(undefined, { follow: true, signal: stopping.signal })) {
      if (crash.test(line) && !old.has(line)) crashes.push(line.replace(' | ', ': ').slice(0, 300))
      const entry = gatewayEntry(line)
      if (entry === null) continue
      // Of several gateways each tells it; one is enough.
      teller ??= entry.gateway
      if (entry.gateway !== teller) continue
      if (entry.msg === 'primary taken up' && typeof entry.node === 'number') node = `redis-${entry.node}`
      if (entry.msg !== 'failover' || typeof entry.time !== 'string') continue
      const failover = failoverOf(entry, Date.parse(entry.time) - startedAtMs, node)
      if (failover.atMs >= 0) failovers.push(failover)
    }
  }
  const following = follow().catch((error: unknown) => {
    crashes.push(`the logs could not be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  return {
    crashes,
    failovers,
    stop: async () => {
      stopping.abort()
      await following
    },
  }
}

type Entry = Readonly<Record<string, unknown>> & { readonly gateway: string }

function gatewayEntry(line: string): Entry | null {
  const [, gateway, text] = /^(gateway(?:-\d+)?) \| (\{.*)$/.exec(line) ?? []
  if (gateway === undefined || text === undefined) return null
  try {
    return { ...(JSON.parse(text) as Readonly<Record<string, unknown>>), gateway }
  } catch {
    return null
  }
}

/** The line counts from its first moment and was written at its last one; here everything counts from the loss. */
function failoverOf(entry: Entry, writtenAtMs: number, node: string): VerifyResult['failovers'][number] {
  const times = Object.entries(entry).flatMap(([name, value]) =>
    name.endsWith('Ms') && name !== 'pausedMs' && (value === null || typeof value === 'number')
      ? [[name.slice(0, -2), value] as const]
      : [],
  )
  const at = new Map(times)
  const lost = at.get('lost') ?? at.get('taken') ?? 0
  return {
    atMs: Math.round(writtenAtMs - ((at.get('resumed') ?? lost) - lost)),
    node,
    steps: Object.fromEntries(times.map(([name, ms]) => [name, ms === null ? null : ms - lost])),
  }
}
