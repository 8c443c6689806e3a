import { checkAnswers } from './answered-counts.ts'
import type { Counted, CountedHistory } from './counted.ts'

/** Something that no correct counter does. */
export type CountAnomaly =
  /** The count at the end is below what was answered. */
  | { readonly kind: 'lost'; readonly id: string; readonly final: number; readonly atLeast: number }
  /** The count at the end is above all calls that may have counted: some counted more than once. */
  | { readonly kind: 'extra'; readonly id: string; readonly final: number; readonly atMost: number }
  /** One count was the answer to two calls. */
  | { readonly kind: 'twice'; readonly id: string; readonly first: Counted; readonly second: Counted }
  /** A call that began after another had ended got no higher count. */
  | { readonly kind: 'back'; readonly id: string; readonly earlier: Counted; readonly later: Counted }
  /** The same, down to where counting starts: the count was thrown away. */
  | { readonly kind: 'reset'; readonly id: string; readonly earlier: Counted; readonly later: Counted }
  /** A count outside of what the calls before and beside it allow. */
  | {
      readonly kind: 'wrong'
      readonly id: string
      readonly operation: Counted
      readonly atLeast: number
      readonly atMost: number
    }

export interface CheckInput {
  readonly history: CountedHistory
  /** Counts before the first call; an id that is not in it began at 0. */
  readonly initial?: ReadonlyMap<string, number>
  /** Counts after the last call; an id that is not in it could not be read. */
  readonly final: ReadonlyMap<string, number>
}

export interface CountVerdict {
  /** `unproved`: nothing wrong was seen, and some final counts are missing. */
  readonly result: 'sound' | 'violated' | 'unproved'
  readonly anomalies: readonly CountAnomaly[]
  /** Ids that were called and whose final count is missing. */
  readonly unread: readonly string[]
  readonly acknowledged: number
  readonly unknown: number
  readonly refused: number
}

/**
 * Judges the history of a counter whose calls each add one, atomically. Never accuses a correct counter:
 * an unknown call may take effect at any time after it began, or never. Anomalies of one cause are reported
 * where it shows, not for every call after it.
 */
export function checkCounter({ history, initial = new Map(), final }: CheckInput): CountVerdict {
  const byId = Map.groupBy(history, ({ id }) => id)
  const anomalies = [...byId].flatMap(([id, operations]) => {
    const start = initial.get(id) ?? 0
    return [...checkFinal(id, operations, start, final.get(id)), ...checkAnswers(id, operations, start)]
  })
  const unread = [...byId.keys()].filter((id) => !final.has(id))
  const complete = unread.length === 0 ? 'sound' : 'unproved'
  return {
    result: anomalies.length > 0 ? 'violated' : complete,
    anomalies,
    unread,
    acknowledged: countOf(history, 'ok'),
    unknown: countOf(history, 'unknown'),
    refused: countOf(history, 'refused'),
  }
}

function checkFinal(
  id: string,
  operations: CountedHistory,
  initial: number,
  final: number | undefined,
): CountAnomaly[] {
  if (final === undefined) return []
  const acknowledged = initial + countOf(operations, 'ok')
  const answered = operations.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [outcome.answer] : []))
  const atLeast = answered.reduce((highest, count) => Math.max(highest, count), acknowledged)
  const atMost = acknowledged + countOf(operations, 'unknown')
  if (final > atMost) return [{ kind: 'extra', id, final, atMost }]
  return final < atLeast ? [{ kind: 'lost', id, final, atLeast }] : []
}

function countOf(operations: CountedHistory, kind: Counted['outcome']['kind']): number {
  return operations.reduce((sum, { outcome }) => (outcome.kind === kind ? sum + 1 : sum), 0)
}
