import type { InSyncRecord } from '../../src/insync/record.ts'

/** One step in a node's log, with the record as it stands after it. Logs share their beginnings: a log is its last entry. */
export interface Entry {
  readonly parent: Entry | null
  /** The replication offset just after this entry. */
  readonly offset: number
  readonly record: InSyncRecord | null
  readonly write: number | null
}

export function append(head: Entry, record: InSyncRecord | null, write: number | null = null): Entry {
  return { parent: head, offset: head.offset + 1, record, write }
}

/** Does the log that ends in `head` hold `entry`? */
export function holds(head: Entry, entry: Entry): boolean {
  return at(head, entry.offset) === entry
}

/** The entry of this log at an offset, or its last one when it is shorter. */
export function at(head: Entry, offset: number): Entry {
  let entry = head
  while (entry.offset > offset && entry.parent !== null) entry = entry.parent
  return entry
}
