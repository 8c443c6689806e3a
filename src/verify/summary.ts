import type { CountedHistory } from './checkers/counted.ts'
import { errorsByKind, longestGapMs, percentile } from './series.ts'

/** What a run looked like to its callers. Times in milliseconds; latencies count from when a call was due. */
export interface Summary {
  readonly requests: number
  readonly ok: number
  /** Calls that were not answered, by reason. */
  readonly errors: Readonly<Record<string, number>>
  readonly perSecond: number
  readonly longestMs: number
  /** The longest time in which no call was answered, the run's beginning and end included. */
  readonly longestGapMs: number
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999', number>>
}

export function summarize(history: CountedHistory): Summary {
  const beginMs = history.reduce((first, { dueMs }) => Math.min(first, dueMs), Infinity)
  const endMs = history.reduce((last, operation) => Math.max(last, operation.endMs), -Infinity)
  const successes = history.filter(({ outcome }) => outcome.kind === 'ok')
  const latencies = history.map((operation) => operation.endMs - operation.dueMs).sort((a, b) => a - b)
  const durationMs = history.length === 0 ? 0 : endMs - beginMs
  return {
    requests: history.length,
    ok: successes.length,
    errors: errorsByKind(history),
    perSecond: durationMs === 0 ? 0 : (successes.length * 1000) / durationMs,
    longestMs: latencies.at(-1) ?? 0,
    longestGapMs: history.length === 0 ? 0 : longestGapMs(history, { fromMs: beginMs, toMs: endMs }),
    latencyMs: {
      p50: percentile(latencies, 0.5) ?? 0,
      p90: percentile(latencies, 0.9) ?? 0,
      p99: percentile(latencies, 0.99) ?? 0,
      p999: percentile(latencies, 0.999) ?? 0,
    },
  }
}
