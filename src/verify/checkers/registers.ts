import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import type { Judged } from './judged.ts'
import { findConflicts, type Cluster, type Seen } from './zones.ts'
import { moment, quoted, several } from './words.ts'

/**
 * Judges SET and GET of registers that began empty and into which no value was written twice: every answer must fit one order of all
 * calls of a key in which each took effect at one instant between its start and its end (linearizability). An unknown
 * write may take effect at any later time, or never.
 * @param final what each key holds after the last call, null: nothing; a key that is not in it could not be read
 */
export function checkRegisters(
  operations: readonly Operation[],
  final: ReadonlyMap<string, string | null>,
): Judged {
  const byKey = Map.groupBy(operations, ({ call }) =>
    call.do === 'read' || call.do === 'write' ? call.key : null,
  )
  byKey.delete(null)
  const anomalies: Anomaly[] = []
  for (const [key, all] of byKey) if (key !== null) anomalies.push(...checkRegister(key, all, final))
  const keys = [...byKey.keys()].filter((key) => key !== null)
  return {
    anomalies,
    unread: keys.filter((key) => !final.has(key)),
    notes: [`${several(keys.length, 'register')}: every answer was held against every other`],
  }
}

function checkRegister(
  key: string,
  operations: readonly Operation[],
  final: ReadonlyMap<string, string | null>,
): Anomaly[] {
  const { clusters, refused } = writesOf(operations)
  const found: Anomaly[] = []
  for (const read of readsOf(key, operations, final)) {
    const cluster = clusters.get(read.value)
    if (cluster && read.seen.endMs >= cluster.writtenMs) {
      cluster.seen.push(read.seen)
      continue
    }
    const why = cluster
      ? `which was written only from ${moment(cluster.writtenMs)} on`
      : refused.has(read.value)
        ? 'whose SET was answered that it did not run'
        : 'which nobody wrote'
    const words = `${key} ${holds(read.seen)} ${quoted(read.value)}, ${why}`
    found.push({ kind: 'wrong', count: 1, words, atMs: finite(read.seen.endMs) })
  }
  const read = [...clusters.values()].filter(({ seen, unknown }) => !unknown || seen.length > 1)
  return [...found, ...findConflicts(read).map((conflict) => describe(key, conflict))]
}

type Value = string | null

interface Write extends Cluster {
  readonly value: Value
  readonly writtenMs: number
  readonly unknown: boolean
}

/** By value, the absence before the first write too; unknown writes may take effect at any time after their start. */
function writesOf(operations: readonly Operation[]) {
  const clusters = new Map<Value, Write>()
  const refused = new Set<Value>()
  const before: Seen = { by: 'nobody', startMs: -Infinity, endMs: -Infinity }
  clusters.set(null, { value: null, writtenMs: -Infinity, unknown: false, seen: [before] })
  for (const { call, caller, startMs, endMs, outcome } of operations) {
    if (call.do !== 'write') continue
    const { value } = call
    if (outcome.kind === 'refused') refused.add(value)
    else {
      const unknown = outcome.kind === 'unknown'
      const written: Seen = { by: `SET by caller ${caller}`, startMs, endMs: unknown ? Infinity : endMs }
      clusters.set(value, { value, writtenMs: startMs, unknown, seen: [written] })
    }
  }
  return { clusters, refused }
}

interface Read {
  readonly value: Value
  readonly seen: Seen
}

function readsOf(
  key: string,
  operations: readonly Operation[],
  final: ReadonlyMap<string, Value>,
): readonly Read[] {
  const reads = operations.flatMap(({ call, caller, startMs, endMs, outcome }): Read[] => {
    if (call.do !== 'read' || outcome.kind !== 'ok') return []
    const value = typeof outcome.answer === 'string' ? outcome.answer : null
    return [{ value, seen: { by: `GET by caller ${caller}`, startMs, endMs } }]
  })
  const last = final.get(key)
  if (last === undefined) return reads
  return [...reads, { value: last, seen: { by: 'end', startMs: Infinity, endMs: Infinity } }]
}

/** The older value was seen after the newer one was in force. */
function describe(key: string, { older, newer }: { readonly older: Write; readonly newer: Write }): Anomaly {
  const [evidence] = newer.seen.toSorted((a, b) => a.endMs - b.endMs)
  const [again] = older.seen.toSorted((a, b) => b.startMs - a.startMs)
  if (!evidence || !again) throw new Error('A value that nobody wrote or read has no place in a conflict.')
  const late = finite(again.endMs)
  const kind = late === null ? 'lost' : older.value === null ? 'reset' : 'stale'
  const words = `${key} ${holds(again)} ${quoted(older.value)}, and ${quoted(newer.value)} was there after it (${evidence.by}, until ${moment(evidence.endMs)})`
  return { kind, count: 1, words, atMs: late }
}

function holds({ by, startMs, endMs }: Seen): string {
  if (startMs === Infinity) return 'holds at the end'
  return `held, says ${by} from ${moment(startMs)} to ${moment(endMs)},`
}

function finite(atMs: number): number | null {
  return Number.isFinite(atMs) ? atMs : null
}
