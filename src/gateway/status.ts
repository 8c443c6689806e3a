import { addressKey } from '../discovery/address.ts'
import type { Primary } from '../discovery/discovery.ts'
import type { RedisAddress } from '../discovery/redis-client.ts'
import { formatEpoch, type InSyncRecord } from '../insync/record.ts'
import type { Majorities } from '../insync/majorities.ts'
import type { Layout } from './layout.ts'
import type { Traffic } from './traffic.ts'

/** GET /status of the admin port. Fields are added, never renamed. */
export interface GatewayStatus {
  readonly name: string
  readonly sessions: number
  /** Commands that wait to be sent. */
  readonly parked: number
  /** Sent and not answered. */
  readonly inFlight: number
  /** Answered and not confirmed. */
  readonly unconfirmed: number
  /** `redis-0` */
  readonly primary: string | null
  readonly epoch: string | null
  /** The in-sync set beside the primary, as last seen. */
  readonly members: readonly string[]
  readonly reachable: boolean
  /** A switchover asked to hold. */
  readonly holding: boolean
  /** By sentinel: the node it names; null: it is silent, or names none that is known here. */
  readonly sentinels: readonly (string | null)[]
  /** Of what sets of nodes, by index, a majority is needed to answer: several while their number changes. */
  readonly majorities: Majorities
}

export function describe(seen: {
  readonly sessions: number
  readonly traffic: Traffic
  readonly primary: Primary | null
  readonly record: InSyncRecord | null
  readonly reachable: boolean
  readonly holding: boolean
  readonly sentinels: readonly { readonly primary: RedisAddress | null }[]
  readonly layout: Layout
  /** The gateway's name. */
  readonly own: string
}): GatewayStatus {
  const { traffic, primary, layout } = seen
  const nameOf = (node: number): string => layout.nodes[node]?.name ?? `redis-${String(node)}`
  return {
    name: seen.own,
    sessions: seen.sessions,
    parked: traffic.parked,
    inFlight: traffic.inFlight,
    unconfirmed: traffic.held,
    primary:
      primary === null ? null : primary.node === null ? addressKey(primary.address) : nameOf(primary.node),
    epoch: primary === null ? null : formatEpoch(primary.epoch),
    members: (seen.record?.members ?? primary?.members ?? []).map(nameOf),
    reachable: seen.reachable,
    holding: seen.holding,
    majorities: layout.majorities,
    sentinels: seen.sentinels.map((one) => (one.primary === null ? null : nameAt(layout, one.primary))),
  }
}

/** Where the topology lists no nodes, the address is the name. */
function nameAt({ nodes }: Layout, address: RedisAddress): string | null {
  if (nodes.length === 0) return addressKey(address)
  const key = addressKey(address)
  return nodes.find((node) => addressKey({ host: node.address, port: node.redisPort }) === key)?.name ?? null
}
