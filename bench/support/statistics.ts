/** The upper of the two middle values when their number is even; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
}

/** NaN of none. */
export function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), values[0] ?? NaN)
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** NaN of none. */
export function lowest(values: readonly number[]): number {
  return -highest(values.map((value) => -value))
}

/** The nearest rank: the smallest value that at least this share of them does not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? NaN
}
