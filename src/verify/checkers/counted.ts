import type { Call, Operation, Outcome } from '../operation.ts'

/** One call that counts: each that is answered, and each unknown one that took effect, added exactly one. */
export interface Counted extends Pick<Operation, 'caller' | 'dueMs' | 'startMs' | 'endMs'> {
  /** The counter's name: an HTTP counter's id, a key, a list whose length counts. */
  readonly id: string
  /** The answer is the count that this call made. */
  readonly outcome: Outcome<number>
}

/** All calls of a run, in the order in which they ended. */
export type CountedHistory = readonly Counted[]

/** Operations of a workload as counts: INCR and GET /:id as they are, RPUSH by the length that it answers. Others are left out. */
export function countedOf(operations: readonly Operation[]): CountedHistory {
  return operations.flatMap((operation) => {
    const id = countedKey(operation.call)
    if (id === null) return []
    const { caller, dueMs, startMs, endMs, outcome } = operation
    return [{ id, caller, dueMs, startMs, endMs, outcome: countOutcome(outcome) }]
  })
}

function countedKey(call: Call): string | null {
  return call.do === 'count' || call.do === 'append' ? call.key : null
}

function countOutcome(outcome: Outcome): Outcome<number> {
  if (outcome.kind !== 'ok') return outcome
  return typeof outcome.answer === 'number'
    ? { kind: 'ok', answer: outcome.answer }
    : { kind: 'unknown', why: 'no count' }
}
