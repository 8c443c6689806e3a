/**
 * The record of the in-sync set: one hash in the markers' database, replicated like any write.
 * A write is answered when the primary and every member named here have it.
 */

/** A reign: unique because no two nodes ever claim the same number for themselves. Ordered by number, then node. */
export interface Epoch {
  readonly number: number
  /** Index of the node that is primary in this epoch. */
  readonly node: number
}

export interface InSyncRecord {
  readonly epoch: Epoch
  /** Grows by compare-and-swap within an epoch, from 0. */
  readonly version: number
  /** Node indices beside the primary (never the primary itself), ascending. At least f. */
  readonly members: readonly number[]
  /** Confirmations so far: orders copies of one record after a power cut, when offsets say nothing. */
  readonly commits: number
  /** The primary's run_id when its gate passed: another one means that redis-server restarted since. */
  readonly run: string
}

/** The hash's name. It lives in the database `markersDb` of the topology. */
export const recordKey = 'holdfast:record'

/** Channel on the primary over which a switchover asks every gateway to hold. Payload: {@link ControlMessage} as JSON. */
export const controlChannel = 'holdfast:control'

export type ControlMessage =
  /** Stop sending commands to the primary; release by yourself after `forMs`, or once another epoch's primary is taken up. */
  | { readonly type: 'hold'; readonly id: string; readonly forMs: number }
  /** A gateway's answer: nothing of its sessions is in flight any more. */
  | { readonly type: 'held'; readonly id: string; readonly gateway: string }
  | { readonly type: 'release'; readonly id: string }

export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.number - b.number || a.node - b.node
}

/** Orders records by epoch, then version. Commits do not make a record newer. */
export function compareRecords(a: InSyncRecord, b: InSyncRecord): number {
  return compareEpochs(a.epoch, b.epoch) || a.version - b.version
}

export function formatEpoch(epoch: Epoch): string {
  return `${String(epoch.number)}.${String(epoch.node)}`
}

const fields = ['epoch', 'node', 'version', 'members', 'commits', 'run'] as const
/** The hash's fields in the order of HMGET and of {@link parseRecord}. */
export const recordFields: readonly string[] = fields

/** @returns field, value, field, value, … as HSET takes them. */
export function encodeRecord(record: InSyncRecord): string[] {
  const values = {
    epoch: String(record.epoch.number),
    node: String(record.epoch.node),
    version: String(record.version),
    members: record.members.join(','),
    commits: String(record.commits),
    run: record.run,
  }
  return fields.flatMap((field) => [field, values[field]])
}

/**
 * @param values what HMGET of {@link recordFields} gave
 * @returns null when there is no record, or none that can be trusted
 */
export function parseRecord(values: readonly (string | null | undefined)[]): InSyncRecord | null {
  const [epoch, node, version, members, commits, run] = values
  const numbers = [epoch, node, version, commits].map(natural)
  const [epochNumber, nodeIndex, recordVersion, commitCount] = numbers
  if (epochNumber === undefined || nodeIndex === undefined || recordVersion === undefined) return null
  if (commitCount === undefined || typeof members !== 'string' || typeof run !== 'string') return null
  const indices = members === '' ? [] : members.split(',').map(natural)
  if (indices.some((index) => index === undefined)) return null
  return {
    epoch: { number: epochNumber, node: nodeIndex },
    version: recordVersion,
    members: (indices as number[]).toSorted((a, b) => a - b),
    commits: commitCount,
    run,
  }
}

function natural(text: string | null | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
