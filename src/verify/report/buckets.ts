import type { VerifyResult } from '../result.ts'

export type Series = VerifyResult['series']

/** A page of an hour is as large as one of a minute: neighbours are put together until so many are left. */
export const mostBuckets = 480

export function coarsen(series: Series, most = mostBuckets): Series {
  const count = series.answered.length
  const group = Math.max(1, Math.ceil(count / most))
  if (group === 1) return series
  const groups = <T>(values: readonly T[]): (readonly T[])[] =>
    Array.from({ length: Math.ceil(count / group) }, (_, index) =>
      values.slice(index * group, (index + 1) * group),
    )
  const highest = (values: readonly (number | null)[]): number | null => {
    const numbers = values.filter((value) => value !== null)
    return numbers.length === 0 ? null : Math.max(...numbers)
  }
  const middle = (values: readonly (number | null)[]): number | null => {
    const ascending = values.filter((value) => value !== null).toSorted((a, b) => a - b)
    return ascending[Math.floor((ascending.length - 1) / 2)] ?? null
  }
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return {
    bucketMs: series.bucketMs * group,
    p50: groups(series.p50).map(middle),
    // Never lower than what was seen: a stall must not vanish in a mean.
    p99: groups(series.p99).map(highest),
    max: groups(series.max).map(highest),
    answered: groups(series.answered).map(sum),
    errors: groups(series.errors).map(sum),
  }
}
