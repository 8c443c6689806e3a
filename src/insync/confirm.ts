import { isMajority, type Majorities } from './majorities.ts'
import { compareEpochs, type Epoch, type InSyncRecord } from './record.ts'

/** What one round on the primary saw, in this order: the record, the offset, (a wait), the replicas' offsets. */
export interface Round {
  /** The record, read after everything that is to be confirmed had run. */
  readonly record: InSyncRecord | null
  /** The primary's role at the end of the round, and its run_id. */
  readonly role: 'master' | 'slave' | 'unknown'
  readonly run: string
  /** The primary's offset after the record was read: everything to be confirmed, and the record, stand before it. */
  readonly neededOffset: number
  /** Acknowledged offset by node index, of replicas that are online at the end of the round. */
  readonly acknowledged: ReadonlyMap<number, number>
  /** Its replication id is the same at both ends of the round: it was not replaced and promoted again in between. */
  readonly sameStream: boolean
  /** Everything to be confirmed has left the primary's process for its append-only file. */
  readonly written: boolean
}

export type Confirmation =
  | { readonly kind: 'confirmed'; readonly record: InSyncRecord }
  /** Members that do not have it: gone (no link) or behind. They may yet come, or be written out. */
  | {
      readonly kind: 'missing'
      readonly record: InSyncRecord
      readonly gone: readonly number[]
      readonly behind: readonly number[]
    }
  /**
   * It says nothing: the primary still holds something back from its append-only file (all processes killed now would
   * lose it), or its stream is another than when the round began.
   */
  | { readonly kind: 'again' }
  /** This node's reign as we know it is over, or it has none: what it did since is not to be answered. */
  | { readonly kind: 'over'; readonly why: string }

/**
 * Decides whether everything before `neededOffset` on this primary may be answered.
 *
 * The record is read after the writes it confirms, outside their step. That is sound: if it stands before a write, it
 * is the one in force there; if it stands after it, whoever holds the record has the write too, and a node that lacks
 * the newest record never passes the gate. In both cases everything up to an offset beyond both is asked of its members.
 */
export function confirmation(round: Round, expected: Epoch, majorities: Majorities): Confirmation {
  const { record } = round
  if (round.role !== 'master') return { kind: 'over', why: `its role is ${round.role}` }
  if (record === null) return { kind: 'over', why: 'it holds no record of an in-sync set' }
  if (compareEpochs(record.epoch, expected) !== 0)
    return { kind: 'over', why: 'its record is of another epoch' }
  if (record.run !== round.run) return { kind: 'over', why: 'it restarted' }
  if (!round.sameStream) return { kind: 'again' }
  const gone = record.members.filter((member) => !round.acknowledged.has(member))
  const behind = record.members.filter(
    (member) => (round.acknowledged.get(member) ?? Infinity) < round.neededOffset,
  )
  if (!isEnough(record, record.members, majorities) || gone.length > 0 || behind.length > 0) {
    return { kind: 'missing', record, gone, behind }
  }
  return round.written ? { kind: 'confirmed', record } : { kind: 'again' }
}

/** What a round asked of the members and did not get yet: a later round may go on waiting for just that. */
export interface Owed {
  readonly epoch: Epoch
  readonly version: number
  readonly stream: string
  readonly offset: number
}

/**
 * The offset that members must have acknowledged for what was to be confirmed when the first of these rounds began. As long as
 * nobody changed the record and the stream is the same, that stays the offset of the first round, as if it had lasted longer: with
 * the present offset each time, members whose acknowledgements take longer than a round would be behind for ever.
 */
export function neededOffset(
  owed: Owed | null,
  record: InSyncRecord,
  now: { readonly stream: string; readonly offset: number },
): number {
  const isSame =
    owed !== null &&
    compareEpochs(owed.epoch, record.epoch) === 0 &&
    owed.version === record.version &&
    owed.stream === now.stream
  return isSame ? owed.offset : now.offset
}

/** @returns the members without those that left, or null when too few would remain: then nothing is answered. */
export function membersWithout(
  record: InSyncRecord,
  leaving: readonly number[],
  majorities: Majorities,
): readonly number[] | null {
  const remaining = record.members.filter((member) => !leaving.includes(member))
  return isEnough(record, remaining, majorities) ? remaining : null
}

function isEnough({ epoch }: InSyncRecord, members: readonly number[], majorities: Majorities): boolean {
  return isMajority([epoch.node, ...members], majorities)
}

/** @returns the members with those that joined, ascending; the primary itself is never one. */
export function membersWith(record: InSyncRecord, joining: readonly number[]): readonly number[] {
  const members = new Set([...record.members, ...joining])
  members.delete(record.epoch.node)
  return [...members].toSorted((a, b) => a - b)
}
