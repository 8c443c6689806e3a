import type { CountedHistory } from '../../src/verify/checkers/counted.ts'

/**
 * How long somebody who called waited for a count, at worst: from when a call was due until it was answered, or, when it failed, until
 * one that was due later was answered (the history's end when none was).
 * @param sinceMs only calls due from then on
 * @returns milliseconds; 0 of none
 */
export function longestPauseMs(history: CountedHistory, sinceMs = -Infinity): number {
  const endMs = history.reduce((last, operation) => Math.max(last, operation.endMs), 0)
  let answeredMs = endMs
  let longest = 0
  for (const { dueMs, endMs: at, outcome } of history.toSorted((a, b) => b.dueMs - a.dueMs)) {
    if (dueMs < sinceMs) break
    if (outcome.kind === 'ok') {
      answeredMs = Math.min(answeredMs, at)
      longest = Math.max(longest, at - dueMs)
    } else longest = Math.max(longest, answeredMs - dueMs)
  }
  return longest
}

/** The same of the caller for whom it was longest. */
export function longestPauseOfOneMs(history: CountedHistory, sinceMs?: number): number {
  const each = [...Map.groupBy(history, ({ caller }) => caller).values()]
  return each.reduce((longest, operations) => Math.max(longest, longestPauseMs(operations, sinceMs)), 0)
}
