/** A change of one account, made somewhere between its start and its end, or, when it is unknown, later or never. */
export interface Delta {
  readonly amount: number
  readonly startMs: number
  readonly endMs: number
  readonly certain: boolean
}

/** The least and the most that an account can hold. */
export interface Range {
  readonly atLeast: number
  readonly atMost: number
}

/**
 * What an account that began at `initial` can hold for somebody who looks from `startMs` to `endMs`: all that ended before
 * has happened, and any part of what began before may have.
 */
export function rangesOf(initial: number, deltas: readonly Delta[]) {
  const ended = deltas.filter(({ certain }) => certain)
  const gone = cumulative(ended.map(({ endMs, amount }) => ({ atMs: endMs, amount })))
  const begun = cumulative(deltas.map(({ startMs, amount }) => ({ atMs: startMs, amount })))
  return (startMs: number, endMs: number): Range => {
    const before = gone(startMs, false)
    const possible = begun(endMs, true)
    return {
      atLeast: initial + before.positive + possible.negative,
      atMost: initial + before.negative + possible.positive,
    }
  }
}

interface Sums {
  readonly negative: number
  readonly positive: number
}

const none: Sums = { negative: 0, positive: 0 }

/** The sum of all amounts before a moment (or at it), in log n. */
function cumulative(changes: readonly { readonly atMs: number; readonly amount: number }[]) {
  const sorted = changes.toSorted((a, b) => a.atMs - b.atMs)
  const sums: Sums[] = [none]
  for (const { amount } of sorted) {
    const last = sums.at(-1) ?? none
    sums.push({
      negative: last.negative + Math.min(amount, 0),
      positive: last.positive + Math.max(amount, 0),
    })
  }
  return (limitMs: number, inclusive: boolean): Sums => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const atMs = sorted[middle]?.atMs ?? Infinity
      if (atMs < limitMs || (inclusive && atMs === limitMs)) low = middle + 1
      else high = middle
    }
    return sums[low] ?? none
  }
}
