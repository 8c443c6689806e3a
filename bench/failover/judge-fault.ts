import { checkCounter, type CountAnomaly } from '../../src/verify/checkers/counts.ts'
import type { CountedHistory } from '../../src/verify/checkers/counted.ts'
import { summarize } from '../../src/verify/summary.ts'
import { longestPauseMs, longestPauseOfOneMs } from './pause.ts'

/** One fault under load, as its callers saw it. */
export interface FaultResult {
  /** The longest that one who called INCR waited for a count. */
  readonly pauseMs: number
  /** The same of calls due after the first pause should be over. */
  readonly laterMs: number
  /** The longest that anybody at the front door waited. */
  readonly frontPauseMs: number
  /** Calls that were not answered with a count, by reason. */
  readonly errors: Readonly<Record<string, number>>
  readonly frontErrors: Readonly<Record<string, number>>
  readonly acknowledged: number
  /** Acknowledged counts that are not there any more. */
  readonly lost: number
  readonly twice: number
  /** Counts that went back, a new beginning included. */
  readonly back: number
  /** Anything else that the checker found. */
  readonly other: number
  /** From the beginning of its load until all was well again. */
  readonly tookMs: number
}

export interface FaultInput {
  readonly faultMs: number
  readonly tookMs: number
  readonly calls: CountedHistory
  readonly front: CountedHistory
  readonly final: ReadonlyMap<string, number>
}

/** After it, nobody should notice that a fault still lasts. */
export const firstPauseMs = 3000

export function judgeFault({ faultMs, tookMs, calls, front, final }: FaultInput): FaultResult {
  const { anomalies, acknowledged } = checkCounter({ history: [...front, ...calls], final })
  const count = (...kinds: readonly CountAnomaly['kind'][]) =>
    anomalies.filter(({ kind }) => kinds.includes(kind)).length
  return {
    pauseMs: longestPauseOfOneMs(calls),
    laterMs: longestPauseOfOneMs(calls, faultMs + firstPauseMs),
    frontPauseMs: longestPauseMs(front),
    errors: summarize(calls).errors,
    frontErrors: summarize(front).errors,
    acknowledged,
    lost: anomalies.reduce((sum, each) => (each.kind === 'lost' ? sum + each.atLeast - each.final : sum), 0),
    twice: count('twice'),
    back: count('back', 'reset'),
    other: count('extra', 'wrong'),
    tookMs,
  }
}
