import type { VerifyResult } from '../result.ts'
import { coarsen, type Series } from './buckets.ts'
import { html, trusted, type Html } from './html.ts'
import { areaPath, barsPath, frame, linearAxis, linePath, logAxis, type Axis } from './plot.ts'
import { amount, duration, sumOf } from './words.ts'

const shownTimesUsual = 2.5
const bandWords = { name: 'band', words: 'a fault lasts (its number in the table)' }
const markWords = { name: 'mark', words: 'the primary changes' }

/** Latency on a logarithmic scale, and calls answered and failed, over the same time. */
export function charts(result: VerifyResult): Html {
  const series = coarsen(result.series)
  const spanMs = Math.max(1, series.bucketMs * series.answered.length)
  return html`<section aria-labelledby="over-time">
    <h2 id="over-time">Over time</h2>
    ${latencyChart(result, series, spanMs)} ${rateChart(result, series, spanMs)}
  </section> `
}

function latencyChart(result: VerifyResult, series: Series, spanMs: number): Html {
  const seen = [...series.p50, ...series.max].filter((value) => value !== null)
  const axis = logAxis(Math.min(...seen, 1000), Math.max(...seen, 1), axisDuration)
  return frame({
    id: 'latency',
    title:
      `Latency of calls over time, logarithmic, with the faults behind it. ` +
      `The slowest call took ${duration(result.totals.longestCallMs)}; ` +
      `the longest time without an answer was ${duration(result.totals.longestGapMs)}.`,
    result,
    axis,
    spanMs,
    drawing: [
      html`<path class="line max" d="${trusted(linePath(series.max, axis))}" />
        <path class="line p99" d="${trusted(linePath(series.p99, axis))}" />
        <path class="line p50" d="${trusted(linePath(series.p50, axis))}" />`,
    ],
    legend: [
      { name: 'p50', words: 'half of the calls' },
      { name: 'p99', words: '99 of 100' },
      { name: 'max', words: 'the slowest' },
      bandWords,
      markWords,
    ],
    unit: `Time from when a call was due to its answer (logarithmic), in steps of ${duration(series.bucketMs)}`,
  })
}

function rateChart(result: VerifyResult, series: Series, spanMs: number): Html {
  const seconds = series.bucketMs / 1000
  const perSecond = series.answered.map((count) => count / seconds)
  const highest = Math.max(...perSecond, 1)
  const shown = Math.min(highest, usual(perSecond) * shownTimesUsual)
  const axis: Axis = linearAxis(shown, amount)
  const errors = series.errors.map((count) => count / seconds)
  const { errors: unexplained, explained } = result.totals
  return frame({
    id: 'rate',
    title:
      `Calls answered in a second over time: ${amount(result.totals.acknowledged)} in all, ` +
      `${amount(sumOf(unexplained) + sumOf(explained))} not answered.`,
    result,
    axis,
    spanMs,
    drawing: [
      html`<path class="area" d="${trusted(areaPath(perSecond, axis))}" />
        <path class="bars" d="${trusted(barsPath(errors, axis))}" />`,
    ],
    legend: [{ name: 'area', words: 'answered' }, { name: 'bars', words: 'errors' }, bandWords, markWords],
    unit: `Calls in a second${highest > shown ? `; what waited is answered at once, up to ${amount(highest)}` : ''}`,
  })
}

/** The rate of most of the time: what waited through a pause is answered in a moment, and would flatten all else. */
function usual(perSecond: readonly number[]): number {
  const ascending = perSecond.filter((rate) => rate > 0).toSorted((a, b) => a - b)
  return ascending[Math.floor(ascending.length / 2)] ?? 1
}

function axisDuration(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`
}
