import type { FaultResult, VerifyResult } from '../result.ts'
import { html, type Html } from './html.ts'
import { clock, counted, duration, kinds, sumOf } from './words.ts'

/** What each fault did, and what callers saw of it. */
export function faultsSection({ faults }: VerifyResult): Html {
  if (faults.length === 0)
    return html`<section aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      <p class="quiet">None: only calls were made.</p>
    </section> `
  return html`<section aria-labelledby="faults">
    <h2 id="faults">Faults</h2>
    <div class="scroll">
      <table class="cards">
        <caption class="visually-hidden">
          Every fault: what it did, and what callers saw
        </caption>
        <thead>
          <tr>
            <th scope="col" class="number">#</th>
            <th scope="col">Fault</th>
            <th scope="col" class="number">At</th>
            <th scope="col" class="number">Lasted</th>
            <th scope="col" class="number">Longest silence</th>
            <th scope="col" class="number">Longest call</th>
            <th scope="col" class="number">Healthy after</th>
            <th scope="col">Errors</th>
          </tr>
        </thead>
        <tbody>
          ${faults.map(faultRow)}
        </tbody>
      </table>
    </div>
  </section> `
}

function faultRow(fault: FaultResult, index: number): Html {
  const { name, did, failed, startMs, endMs, healthyMs } = fault
  return html`<tr
    id="fault-${index + 1}"
    ${failed === null && healthyMs !== null ? null : html` class="attention"`}
  >
    <td class="number" data-label="#">${index + 1}</td>
    <th scope="row">
      <b>${name}</b>${did.map(
        (words) => html`<span class="did">${words}</span>`,
      )}${failed === null ? null : html`<span class="failed">It could not do what it should: ${failed}</span>`}
    </th>
    <td class="number" data-label="At">${clock(startMs)}</td>
    <td class="number" data-label="Lasted">${duration(endMs - startMs)}</td>
    <td class="number" data-label="Longest silence">${duration(fault.longestGapMs)}</td>
    <td class="number" data-label="Longest call">${duration(fault.longestCallMs)}</td>
    <td class="number" data-label="Healthy after">
      ${healthyMs === null ? html`<em class="bad">not seen</em>` : duration(healthyMs - endMs)}
    </td>
    <td data-label="Errors">${errorWords(fault)}</td>
  </tr> `
}

function errorWords({ errors, explained }: FaultResult): Html {
  if (sumOf(errors) + sumOf(explained) === 0) return html`<span class="good">none</span>`
  return html`${sumOf(errors) === 0 ? null : html`<span class="bad">${kinds(errors)}</span>`}${
    sumOf(explained) === 0 ? null : html`<span class="quiet">${kinds(explained)} (explained)</span>`
  }`
}

const mostFailovers = 40
const stepNames: Readonly<Record<string, string>> = {
  lost: 'lost',
  down: 'agreed down',
  elected: 'leader elected',
  selected: 'replica chosen',
  promoted: 'promoted',
  master: 'says it is primary',
  switched: 'announced',
  taken: 'taken up',
  resumed: 'answers again',
}

/** From the gateway's own log: what happened when between a lost primary and the first answer of the next. */
export function failoversSection({ failovers }: VerifyResult): Html | null {
  if (failovers.length === 0) return null
  const pauseOf = (one: VerifyResult['failovers'][number]): number => one.steps.resumed ?? 0
  const shown =
    failovers.length <= mostFailovers
      ? failovers
      : failovers
          .toSorted((a, b) => pauseOf(b) - pauseOf(a))
          .slice(0, mostFailovers)
          .toSorted((a, b) => a.atMs - b.atMs)
  const longest = Math.max(1, ...shown.map(pauseOf))
  return html`<section aria-labelledby="failovers">
    <h2 id="failovers">Changes of the primary</h2>
    <p class="quiet">
      ${counted(failovers.length, 'change')}, from the gateway's
      log${shown.length < failovers.length ? `; the ${shown.length} longest are shown` : ''}. Milliseconds
      since the primary was lost.
    </p>
    <ol class="failovers">
      ${shown.map((one) => failoverItem(one, longest))}
    </ol>
  </section> `
}

function failoverItem({ atMs, node, steps }: VerifyResult['failovers'][number], longest: number): Html {
  const pausedMs = steps.resumed ?? 0
  const seen = Object.entries(steps)
    .flatMap(([step, ms]) =>
      ms === null || step === 'paused' ? [] : [[stepNames[step] ?? step, ms] as const],
    )
    .toSorted(([, a], [, b]) => a - b)
  return html`<li>
    <div class="failover-head">
      <b>${node}</b><span>at ${clock(atMs)}</span><span class="number">${duration(pausedMs)}</span>
    </div>
    <div class="track" aria-hidden="true">
      <i style="width:${String(Math.max(0.5, Math.round((pausedMs / longest) * 1000) / 10))}%"></i>
    </div>
    <p class="steps">${seen.map(([step, ms]) => html`<span>${step} <b>${Math.round(ms)}</b></span> `)}</p>
  </li> `
}
