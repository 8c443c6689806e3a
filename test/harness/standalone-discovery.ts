import { addressKey } from '../../src/discovery/address.ts'
import { Discovery } from '../../src/discovery/discovery.ts'
import type { FailoverMoment, Primary } from '../../src/discovery/options.ts'
import type { RedisAddress, RedisCredentials } from '../../src/discovery/redis-client.ts'
import { eventually } from './eventually.ts'
import type { PlainSentinels } from './plain-sentinels.ts'

interface DiscoveryLog {
  readonly discovery: Discovery
  readonly primaries: readonly Primary[]
  /** Every callback in order: `primary 127.65.1.1:6379@0`, `over why`, `link up`, `link down`. */
  readonly events: readonly string[]
  readonly moments: readonly FailoverMoment[]
  readonly notes: readonly string[]
  /** Until this node is followed over a link that is up. */
  follows(node: number, withinMs?: number): Promise<Primary>
  /** Until a note contains all these words. */
  noted(...words: readonly string[]): Promise<void>
}

/** The gateway's discovery before a Sentinel deployment that is not its own, and what it said. */
export function discover(
  deployment: PlainSentinels,
  changes: {
    readonly sentinels?: readonly RedisAddress[]
    readonly learnSentinels?: boolean
    readonly name?: string
    readonly markersDb?: number
    readonly password?: string
    /** At the sentinels. */
    readonly sentinelUser?: RedisCredentials
  } = {},
): DiscoveryLog {
  const primaries: Primary[] = []
  const events: string[] = []
  const moments: FailoverMoment[] = []
  const notes: string[] = []
  const discovery = new Discovery({
    kind: 'standalone',
    sentinels: changes.sentinels ?? deployment.sentinels,
    name: changes.name ?? deployment.name,
    markersDb: changes.markersDb ?? 15,
    learnSentinels: changes.learnSentinels ?? false,
    nodeCredentials: {
      ...deployment.nodeCredentials,
      password: changes.password ?? deployment.nodeCredentials.password,
    },
    sentinelCredentials: changes.sentinelUser ?? deployment.sentinelCredentials,
    now: () => performance.now(),
    onPrimary: (primary) => {
      primaries.push(primary)
      events.push(`primary ${addressKey(primary.address)}@${String(primary.epoch.number)}`)
    },
    onOver: (why) => {
      events.push(`over ${why}`)
    },
    onLink: (up) => {
      events.push(up ? 'link up' : 'link down')
    },
    onControl: () => undefined,
    onNote: (note, details) => {
      notes.push(`${note} ${JSON.stringify(details)}`)
    },
    onMoment: (moment) => {
      moments.push(moment)
    },
  })
  return {
    discovery,
    primaries,
    events,
    moments,
    notes,
    follows: async (node, withinMs = 12_000) =>
      eventually(`redis-${String(node)} is followed`, withinMs, () => {
        const { current, connection } = discovery
        const address = deployment.nodes[node]
        const isIt =
          current !== null && address !== undefined && addressKey(current.address) === addressKey(address)
        if (isIt && connection !== null) return current
        return [...events.slice(-4), ...notes.slice(-4)].join('; ')
      }),
    noted: async (...words) => {
      await eventually(words.join(' '), 6000, () => {
        const found = notes.some((note) => words.every((word) => note.includes(word)))
        return found || notes.join('; ')
      })
    },
  }
}
