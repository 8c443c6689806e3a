import type { FaultResult, VerifyResult } from '../result.ts'
import { html, trusted, type Html } from './html.ts'
import { clock } from './words.ts'

/**
 * Drawings are stretched to the width that is there, so that a phone shows all of it; what may not be stretched (words, marks) is
 * laid over them as text, placed in per cent.
 */
export const plotWidth = 1000
export const plotHeight = 200

const mostWholeMarks = 60

export interface Axis {
  /** Where a value stands, 0 at the bottom and 1 at the top. */
  readonly place: (value: number) => number
  readonly ticks: readonly { readonly value: number; readonly label: string }[]
}

/** Decades: 1 ms to 10 s is four. */
export function logAxis(lowest: number, highest: number, label: (value: number) => string): Axis {
  const from = Math.floor(Math.log10(Math.max(0.1, lowest)))
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(0.1, highest)) - 1e-9))
  const place = (value: number): number =>
    clamp((Math.log10(Math.max(value, 10 ** from)) - from) / (to - from))
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
  return { place, ticks: ticks.map((value) => ({ value, label: label(value) })) }
}

/** From 0 to a round number above the highest, in about four steps. */
export function linearAxis(highest: number, label: (value: number) => string): Axis {
  const rough = Math.max(highest, 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough
  const wholeStep = Math.max(1, step)
  const count = Math.max(1, Math.ceil(Math.max(highest, 1) / wholeStep))
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * wholeStep)
  return {
    place: (value) => clamp(value / (count * wholeStep)),
    ticks: ticks.map((value) => ({ value, label: label(value) })),
  }
}

/** A line through what is there; where nothing is it is interrupted. */
export function linePath(values: readonly (number | null)[], { place }: Axis): string {
  const width = plotWidth / Math.max(1, values.length)
  let isDown = false
  const steps = values.flatMap((value, index) => {
    if (value === null) {
      isDown = false
      return []
    }
    const point = `${short((index + 0.5) * width)} ${short(y(place(value)))}`
    // A point between two gaps still shows, as a dash.
    const begin = isDown ? `L${point}` : `M${short((index + 0.2) * width)} ${short(y(place(value)))}L${point}`
    isDown = true
    return [begin]
  })
  return steps.join('')
}

/** The area between the bottom and the values. */
export function areaPath(values: readonly number[], { place }: Axis): string {
  const width = plotWidth / Math.max(1, values.length)
  const tops = values.map((value, index) => `H${short(index * width)}V${short(y(place(value)))}`)
  return `M0 ${plotHeight}${tops.join('')}H${plotWidth}V${plotHeight}Z`
}

/** Bars, only where there is something. */
export function barsPath(values: readonly number[], { place }: Axis): string {
  const width = plotWidth / Math.max(1, values.length)
  return values
    .flatMap((value, index) => {
      if (value === 0) return []
      const top = Math.min(y(place(value)), plotHeight - 4)
      return [
        `M${short(index * width)} ${plotHeight}V${short(top)}h${short(Math.max(width, 2))}V${plotHeight}Z`,
      ]
    })
    .join('')
}

export interface Frame {
  readonly id: string
  /** What the drawing shows, for who cannot see it. */
  readonly title: string
  readonly result: VerifyResult
  readonly axis: Axis
  readonly spanMs: number
  readonly drawing: readonly Html[]
  readonly legend: readonly { readonly name: string; readonly words: string }[]
  readonly unit: string
}

/** Axes, fault bands, failover marks and words around a drawing. */
export function frame({ id, title, result, axis, spanMs, drawing, legend, unit }: Frame): Html {
  const grid = axis.ticks.map(({ value }) => `M0 ${short(y(axis.place(value)))}H${plotWidth}`).join('')
  return html`<figure class="plot" id="${id}">
    <ul class="legend">
      ${legend.map(({ name, words }) => html`<li><i class="key ${name}"></i>${words}</li>`)}
    </ul>
    <div class="plot-body">
      <div class="y-axis" aria-hidden="true">
        ${axis.ticks.map(
          ({ value, label }) => html`<span style="bottom:${short(axis.place(value) * 100)}%">${label}</span>`,
        )}
      </div>
      <div class="canvas">
        <svg
          viewBox="0 0 ${plotWidth} ${plotHeight}"
          preserveAspectRatio="none"
          role="img"
          aria-label="${title}"
        >
          <title>${title}</title>
          ${bands(result.faults, spanMs)}
          <path class="grid" d="${trusted(grid)}" />
          ${drawing} ${marks(result.failovers, spanMs)}
        </svg>
        ${labels(result.faults, spanMs)}
      </div>
      <div class="x-axis" aria-hidden="true">
        ${timeTicks(spanMs).map((at) => html`<span class="${at > spanMs * 0.97 ? 'last' : ''}" style="left:${percent(at, spanMs)}">${clock(at)}</span>`)}
      </div>
    </div>
    <figcaption>${unit}</figcaption>
  </figure> `
}

/** What lies closer together than a hair is drawn as one: a thousand faults are no thousand shapes. */
export function mergedBands(
  faults: readonly FaultResult[],
  spanMs: number,
): readonly (readonly [number, number])[] {
  const merged: [number, number][] = []
  const hairMs = spanMs / 1000
  for (const { startMs, endMs } of faults.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1)
    if (last !== undefined && faults.length > 100 && startMs <= last[1] + hairMs)
      last[1] = Math.max(last[1], endMs)
    else merged.push([startMs, endMs])
  }
  return merged
}

function bands(faults: readonly FaultResult[], spanMs: number): Html {
  const path = mergedBands(faults, spanMs)
    .map(([from, to]) => {
      const width = Math.max(((to - from) / spanMs) * plotWidth, 2)
      return `M${short((from / spanMs) * plotWidth)} 0h${short(width)}V${plotHeight}h-${short(width)}Z`
    })
    .join('')
  return html`<path class="band${faults.length > mostWholeMarks ? ' many' : ''}" d="${trusted(path)}" />`
}

function marks(failovers: VerifyResult['failovers'], spanMs: number): Html {
  // Of hundreds only the feet are drawn: whole lines would hide everything else.
  const top = failovers.length > mostWholeMarks ? plotHeight * 0.94 : 0
  const path = failovers.map(({ atMs }) => `M${short((atMs / spanMs) * plotWidth)} ${top}V${plotHeight}`)
  return html`<path class="mark" d="${trusted(path.join(''))}" />`
}

/** The numbers of the faults, as in the table; where they would cover each other they are left out. */
function labels(faults: readonly FaultResult[], spanMs: number): Html {
  let free = -Infinity
  const shown = faults
    .map((fault, index) => ({ fault, number: index + 1, at: (fault.startMs / spanMs) * 100 }))
    .toSorted((a, b) => a.at - b.at)
    .filter(({ at, number }) => {
      if (at < free) return false
      free = at + 1.4 + 0.9 * String(number).length
      return at < 97
    })
  return html`<div class="numbers" aria-hidden="true">
    ${shown.map(
      ({ fault, number, at }) =>
        html`<a href="#fault-${number}" tabindex="-1" style="left:${short(at)}%" title="${fault.name}"
          >${number}</a
        >`,
    )}
  </div>`
}

/** At most eight round moments. */
function timeTicks(spanMs: number): readonly number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600].map((s) => s * 1000)
  const step = steps.find((size) => spanMs / size <= 8) ?? spanMs
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step)
}

function percent(at: number, spanMs: number): string {
  return `${short((at / spanMs) * 100)}%`
}

function y(share: number): number {
  return plotHeight * (1 - share)
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share))
}
