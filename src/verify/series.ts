import { abandonedWhy, type Outcome } from './operation.ts'
import type { VerifyResult } from './result.ts'

/** What these functions need to know of a call. Times in milliseconds of one clock. */
export interface Timed {
  readonly dueMs: number
  readonly endMs: number
  readonly outcome: Outcome
}

/** From and including `fromMs`, up to `toMs`. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The run in buckets of `bucketMs`, the last one cut short. A call belongs to the bucket in which it ended, and its latency counts
 * from when it was due. What ended outside of the range is left out.
 */
export function seriesOf(
  operations: readonly Timed[],
  { fromMs, toMs, bucketMs }: TimeRange & { readonly bucketMs: number },
): VerifyResult['series'] {
  const length = Math.max(0, Math.ceil((toMs - fromMs) / bucketMs))
  const buckets = Array.from({ length }, () => ({ latencies: [] as number[], answered: 0, errors: 0 }))
  for (const { dueMs, endMs, outcome } of operations) {
    const bucket = buckets[Math.floor((endMs - fromMs) / bucketMs)]
    if (bucket === undefined || isAbandoned(outcome)) continue
    bucket.latencies.push(endMs - dueMs)
    if (outcome.kind === 'ok') bucket.answered += 1
    else bucket.errors += 1
  }
  const latencies = buckets.map((bucket) => bucket.latencies.sort((a, b) => a - b))
  return {
    bucketMs,
    p50: latencies.map((ascending) => percentile(ascending, 0.5)),
    p99: latencies.map((ascending) => percentile(ascending, 0.99)),
    max: latencies.map((ascending) => percentile(ascending, 1)),
    answered: buckets.map(({ answered }) => answered),
    errors: buckets.map(({ errors }) => errors),
  }
}

/** The longest time within the range in which nothing was answered, its beginning and end included, in milliseconds. */
export function longestGapMs(operations: readonly Timed[], { fromMs, toMs }: TimeRange): number {
  const answers = operations.flatMap(({ outcome, endMs }) =>
    outcome.kind === 'ok' && endMs > fromMs && endMs < toMs ? [endMs] : [],
  )
  return longestStep([fromMs, ...answers.sort((a, b) => a - b), Math.max(fromMs, toMs)])
}

/**
 * The longest that somebody waited for the end of a call that was under way within the range, in milliseconds: from when it was due,
 * or from the range's beginning when it was due before. 0: none was under way.
 */
export function longestCallMs(operations: readonly Timed[], { fromMs, toMs }: TimeRange): number {
  return operations.reduce(
    (longest, { dueMs, endMs, outcome }) =>
      dueMs < toMs && endMs > fromMs && !isAbandoned(outcome)
        ? Math.max(longest, endMs - Math.max(dueMs, fromMs))
        : longest,
    0,
  )
}

/** Calls that ended without an answer within the range, by why. What its caller abandoned by its own impatience is no error. */
export function errorsByKind(
  operations: readonly Timed[],
  { fromMs, toMs }: TimeRange = { fromMs: -Infinity, toMs: Infinity },
): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { endMs, outcome } of operations) {
    if (outcome.kind === 'ok' || endMs < fromMs || endMs >= toMs || isAbandoned(outcome)) continue
    found[outcome.why] = (found[outcome.why] ?? 0) + 1
  }
  return found
}

/** The largest distance between neighbours of ascending numbers; 0 of fewer than two. */
export function longestStep(ascending: readonly number[]): number {
  return ascending.reduce((longest, at, index) => Math.max(longest, at - (ascending[index - 1] ?? at)), 0)
}

/** The nearest rank (the smallest value that at least this share does not exceed); null of none. */
export function percentile(ascending: readonly number[], share: number): number | null {
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? null
}

function isAbandoned(outcome: Outcome): boolean {
  return outcome.kind !== 'ok' && outcome.why === abandonedWhy
}
