import type { Primary } from '../discovery/discovery.ts'
import { confirmation } from '../insync/confirm.ts'
import type { InSyncRecord } from '../insync/record.ts'
import { decodeReply, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { BatchOutcome, RawReader } from './flight.ts'
import type { LaneContext } from './lane-context.ts'
import { recordOf, roundOf } from './lane-replies.ts'
import { hasWrite } from './losses.ts'
import { scripts } from './lane-scripts.ts'
import type { Flush } from './share.ts'
import type { RequestBytes } from './write-runs.ts'

/** A flush that was sent, and what has come back. */
export interface Flight {
  readonly flush: Flush
  readonly raws: RawReader
  /** The batch's reply is still to come. */
  batch: boolean
  record: InSyncRecord | null
  /** What follows the commands: its replies, and how many are still to come. */
  readonly tail: Reply[]
  tailLeft: number
  outcome: BatchOutcome | null
  /** All its replies are there, and its own confirmation did not do. */
  unconfirmed: boolean
}

export const waitMs = 250

/** Adds what confirms the flush on its own connection, if anything does. @param run of the primary's process */
export function addTail(
  out: RequestBytes,
  flight: Flight,
  context: LaneContext,
  direct: boolean,
  run: string,
): void {
  const { confirms } = context
  const { flush } = flight
  const fast = context.readsFast && !flight.batch && !flush.rawShares.some(hasWrite)
  if (confirms === 'in-sync' && direct && !fast) {
    if (!flight.batch) {
      const { markersDb, recordKey } = context
      out.addBytes(encodeCommand(['EVALSHA', scripts.confirm.sha1, '1', recordKey, String(markersDb), run]))
      flight.tailLeft++
    }
    out.addBytes(context.tail())
    flight.tailLeft += 3
  } else if (
    typeof confirms === 'number' &&
    confirms > 0 &&
    (flight.batch || flush.rawShares.some(hasWrite))
  ) {
    out.addBytes(encodeCommand(['WAIT', String(confirms), String(waitMs)]))
    flight.tailLeft++
  }
}

/** @returns false: more must come */
export function readFlight(
  flight: Flight,
  framer: ReplyFramer,
  takeBatch: (flight: Flight, framer: ReplyFramer) => void,
): boolean {
  if (flight.raws.left > 0 && !flight.raws.read(framer)) return false
  while (flight.batch) {
    if (!framer.next()) return false
    if (framer.type === replyType.push) continue
    flight.batch = false
    takeBatch(flight, framer)
  }
  while (flight.tailLeft > 0) {
    if (!framer.next()) return false
    if (framer.type === replyType.push) continue
    flight.tailLeft--
    flight.tail.push(decodeReply(framer.slice()))
  }
  return true
}

/**
 * Whether what followed the flush on its connection confirms it by itself. If not, it may yet be confirmed by the gateway's own
 * rounds.
 * @param direct the connection may ask for the record
 */
export function isConfirmed(
  flight: Flight,
  context: LaneContext,
  primary: Primary | null,
  direct: boolean,
): boolean {
  const { confirms } = context
  if (confirms === 0) return true
  if (typeof confirms === 'number') {
    // Without a write the replicas had everything before: that says nothing of whether this is still the primary.
    if (flight.tail.length === 0) return context.readsFast
    return Number(flight.tail[0]) >= confirms
  }
  if (context.readsFast && flight.flush.items === 0 && !flight.flush.rawShares.some(hasWrite)) return true
  if (!direct || primary === null || flight.tail.length < 3) return false
  const [before, , after] = flight.tail.slice(-3)
  const record = flight.tail.length > 3 ? recordOf(flight.tail[0]) : flight.record
  if (record === null || typeof before !== 'string' || typeof after !== 'string') return false
  const round = roundOf(record, primary.run, before, after, context.nodeAt)
  const outcome = confirmation(round, primary.epoch, context.majorities())
  if (outcome.kind !== 'confirmed') return false
  context.confirmedRecord(outcome.record, context.now() - flight.flush.sentMs)
  return true
}
