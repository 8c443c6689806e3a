import type { GatewayLimits } from '../spec/gateway-settings.ts'
import type { Topology } from '../topology/topology.ts'
import { untilQuiet } from './linger.ts'
import { startGateway, type Gateway, type GatewayLog, type GatewayOptions } from './gateway.ts'

export interface ServeOptions {
  readonly options: (settings: ChangeableSettings) => GatewayOptions
  /** Read when it starts, and again on every SIGHUP (but not when it was started from a terminal). */
  readonly read: () => Promise<ChangeableSettings>
  readonly log: GatewayLog
  /** Aborted: finish and leave. */
  readonly signal: AbortSignal
  /** How long it goes on serving first, while clients are there. */
  readonly lingerMs?: number
}

/** What is taken up while it runs. */
export interface ChangeableSettings {
  readonly limits: GatewayLimits
  /** Of a deployment of our own: which nodes there are. */
  readonly topology?: Topology
}

const graceMs = 5000
const quietMs = 2000

/**
 * Runs a gateway until `signal` is aborted: it then accepts nobody further, finishes what is under way, and leaves.
 * @returns the exit code
 * @throws HoldfastError PORT_IN_USE
 */
export async function serve({ options, read, log, signal, lingerMs = 0 }: ServeOptions): Promise<number> {
  let gateway: Gateway | null = null
  let missed = 0
  const takeUp = async (): Promise<void> => {
    const { limits, topology } = await read()
    gateway?.reload(limits, topology)
    log.info({ limits, nodes: topology?.nodes.length }, 'limits taken up')
  }
  const reload = (): void => {
    if (gateway === null) missed++
    else
      takeUp().catch((error: unknown) => {
        log.warn({ why: error instanceof Error ? error.message : String(error) }, 'limits stay as they are')
      })
  }
  // Before they are read for the first time: what changes meanwhile is not missed. A terminal that is closed says the same, and
  // means that its programs should end.
  if (!process.stdin.isTTY) process.on('SIGHUP', reload)
  try {
    const started = await startGateway(options(await read()))
    gateway = started
    if (missed > 0) reload()
    await aborted(signal)
    await untilQuiet({ sessions: () => started.status().sessions, limitMs: lingerMs, quietMs })
    await started.stop(graceMs)
    return 0
  } finally {
    process.off('SIGHUP', reload)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const resolved = (): void => {
      resolve()
    }
    if (signal.aborted) resolved()
    else signal.addEventListener('abort', resolved, { once: true })
  })
}
