import type { Anomaly } from '../../src/verify/checker.ts'
import { checkCounter } from '../../src/verify/checker.ts'
import type { History } from '../../src/verify/history.ts'
import { summarize } from '../../src/verify/summary.ts'
import { highest } from './statistics.ts'
import { longestWaitMs } from './writers.ts'

/** One fault under load, as its callers saw it. */
export interface Round {
  /** Of a call at the front door, from when it was due; NaN: there was no front door. */
  readonly frontLongestMs: number
  readonly frontErrors: Readonly<Record<string, number>>
  /** From the fault to the first answer to a write that was sent after it. */
  readonly firstWriteMs: number
  /** Of one call of a writer. */
  readonly writeLongestMs: number
  /** Until a writer got a count again, over all its calls. */
  readonly waitLongestMs: number
  readonly writeErrors: Readonly<Record<string, number>>
  readonly acknowledged: number
  /** Acknowledged counts that are not there any more. */
  readonly lost: number
  readonly twice: number
  /** Counts that went back, a new beginning included. */
  readonly back: number
  /** Anything else that the checker found. */
  readonly other: number
}

export interface RoundInput {
  readonly faultMs: number
  readonly front: History
  readonly writes: History
  readonly final: ReadonlyMap<string, number>
}

export function judgeRound({ faultMs, front, writes, final }: RoundInput): Round {
  const { anomalies, acknowledged } = checkCounter({ history: [...front, ...writes], final })
  const count = (...kinds: readonly Anomaly['kind'][]) =>
    anomalies.filter(({ kind }) => kinds.includes(kind)).length
  const sentAfter = writes.filter(({ startMs, outcome }) => startMs > faultMs && outcome.kind === 'ok')
  return {
    frontLongestMs: front.length === 0 ? NaN : summarize(front).longestMs,
    frontErrors: summarize(front).errors,
    firstWriteMs: sentAfter.reduce((first, { endMs }) => Math.min(first, endMs), Infinity) - faultMs,
    writeLongestMs: highest(writes.map(({ startMs, endMs }) => endMs - startMs)),
    waitLongestMs: longestWaitMs(writes),
    writeErrors: summarize(writes).errors,
    acknowledged,
    lost: anomalies.reduce((sum, each) => (each.kind === 'lost' ? sum + each.atLeast - each.final : sum), 0),
    twice: count('twice'),
    back: count('back', 'reset'),
    other: count('extra', 'wrong'),
  }
}
