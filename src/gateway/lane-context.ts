import type { Majorities } from '../insync/majorities.ts'
import type { InSyncRecord } from '../insync/record.ts'
import type { Confirmable } from './confirmer.ts'
import type { Connect } from './connection.ts'
import type { Lane } from './lane.ts'
import type { Flush } from './share.ts'
import type { Ack, Delivery } from '../spec/gateway-settings.ts'

/** What a lane needs of its pool and of the gateway. */
export interface LaneContext {
  readonly gatewayId: string
  readonly connect: Connect
  readonly delivery: Delivery
  readonly confirms: Ack
  readonly readsFast: boolean
  readonly markersDb: number
  readonly recordKey: string
  readonly db: number
  readonly majorities: () => Majorities
  /** Who it carries never said who they are: when Redis asks for that, it carries nothing. */
  readonly anonymous: boolean
  /** Flushes under way on one lane. */
  readonly flightsAtOnce: number
  readonly now: () => number
  readonly nodeAt: (host: string, port: number) => number | null
  /** What gives a new connection its user, protocol and database. */
  readonly restore: () => readonly Buffer[]
  /** Its user is the gateway's own. */
  readonly elevated: boolean
  /** `INFO`, `WAIT` for the in-sync set, `INFO`: what a confirmation ends with. */
  readonly tail: () => Buffer
  readonly confirm: (one: Confirmable) => void
  readonly confirmedRecord: (record: InSyncRecord, tookMs: number) => void
  /** The primary looks as if its reign were over. */
  readonly suspect: () => void
  /** The server refuses for the moment: nothing more is sent for a little while. */
  readonly backOff: () => void
  /** A lane can take something again. */
  readonly freed: () => void
  /** The user may less than it seemed. */
  readonly rightsChanged: () => void
  /** A lane is set up, and knows whether it may run batches. */
  readonly setUp: (lane: Lane) => void
  /** Redis asks this lane who it is, and nobody said. */
  readonly strangers: () => void
  /** A lane is down. */
  readonly lost: () => void
  readonly note: (note: string, details: Readonly<Record<string, unknown>>) => void
  readonly answered: FlushEvents
}

/** For the counters. */
export interface FlushEvents {
  readonly sent: (flush: Flush) => void
  readonly answered: (flush: Flush, tookMs: number) => void
  readonly lost: (flush: Flush) => void
  readonly suppressed: (flush: Flush) => void
  /** Its answers wait for a confirmation (1), or do not any more (-1). */
  readonly held: (flush: Flush, change: 1 | -1) => void
}
