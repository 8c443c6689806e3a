import type { InSyncRecord } from '../insync/record.ts'
import { trimScript } from '../insync/marker-scripts.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { GatewayTopology } from '../topology/topology.ts'
import type { Hub } from './hub.ts'
import type { Layout } from './layout.ts'
import { markerKeyOf } from './marker-key.ts'
import type { PoolOptions } from './pool.ts'
import type { SharedState } from './pools.ts'
import { readRights, unknownRights } from './rights.ts'
import { ReplyError } from '../resp/decode.ts'

/** What pools need of the gateway beside the hub. */
export interface PoolParts {
  readonly hub: Hub
  readonly gateway: GatewayTopology
  readonly layout: Layout
  /** How many the in-sync set has beside the primary. */
  readonly members: () => number
  /** How long to wait for their acknowledgements. */
  readonly waitMs: () => number
  readonly confirmedRecord: (record: InSyncRecord, tookMs: number) => void
  readonly suspect: () => void
  readonly note: (note: string, details: Readonly<Record<string, unknown>>) => void
}

/** Connections that a user, database and protocol share at most. */
const lanesPerPool = 3
/** Flushes under way on one of them, when none waits for a confirmation. */
const mostFlights = 8
const flushLimits = { raws: 4096, items: 512, bytes: 1024 * 1024 }
const timeoutMs = 1000
const info = encodeCommand(['INFO', 'replication', 'persistence'])

/** @param number of the pool, for its markers */
export function poolOptions(shared: SharedState, number: number, parts: PoolParts): PoolOptions {
  const { hub, gateway, layout } = parts
  const { traffic, counters } = hub
  let tail = { members: 0, waitMs: 0, bytes: Buffer.alloc(0) }
  return {
    gatewayId: hub.gatewayId,
    connect: hub.connect,
    delivery: gateway.delivery,
    confirms: gateway.ack,
    readsFast: gateway.reads === 'fast',
    markersDb: hub.markersDb,
    recordKey: hub.recordKey,
    db: shared.db,
    elevated: shared.elevated,
    anonymous: shared.anonymous,
    majorities: () => layout.majorities,
    flightsAtOnce: gateway.ack === 0 && gateway.delivery !== 'exactly-once' ? mostFlights : 1,
    lanes: lanesPerPool,
    limits: flushLimits,
    markerPrefix: markerKeyOf(hub.gatewayId, String(number)),
    now: hub.now,
    nodeAt: layout.nodeAt,
    restore: () => shared.commands,
    rights: async () => {
      const control = hub.control()
      if (control === null) throw new Error('no primary')
      const [reply] = await control.send([['ACL', 'GETUSER', shared.user]], timeoutMs)
      return reply instanceof ReplyError ? unknownRights : readRights(reply ?? null)
    },
    trim: async ({ key, token, sequence }) => {
      const control = hub.control()
      if (control === null || hub.holding()) throw new Error('no primary')
      const [reply] = await control.send([['EVAL', trimScript, '1', key, token, String(sequence)]], timeoutMs)
      if (reply instanceof ReplyError) throw new Error(reply.message)
    },
    tail: () => {
      const [members, waitMs] = [parts.members(), parts.waitMs()]
      if (members !== tail.members || waitMs !== tail.waitMs) {
        const wait = encodeCommand(['WAIT', String(members), String(waitMs)])
        tail = { members, waitMs, bytes: Buffer.concat([info, wait, info]) }
      }
      return tail.bytes
    },
    confirm: hub.confirm,
    confirmedRecord: parts.confirmedRecord,
    suspect: parts.suspect,
    target: hub.target,
    holding: hub.holding,
    watch: hub.watch,
    note: parts.note,
    answered: {
      sent: ({ raws, items }) => {
        traffic.inFlight += raws + items
      },
      answered: ({ raws, items }, tookMs) => {
        traffic.inFlight -= raws + items
        counters.upstreamTook(tookMs)
      },
      lost: ({ raws, items }) => {
        traffic.inFlight -= raws + items
      },
      suppressed: ({ items }) => {
        counters.duplicatesSuppressed += items
      },
      held: ({ raws, items }, change) => {
        traffic.held += change * (raws + items)
      },
    },
  }
}
