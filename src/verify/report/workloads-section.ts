import type { VerifyResult } from '../result.ts'
import type { Anomaly, WorkloadVerdict } from '../workloads/workload.ts'
import { html, type Html } from './html.ts'
import { amount, clock, counted } from './words.ts'

const results = { sound: 'sound', violated: 'violated', unproved: 'not proved' } as const
const mostAnomalies = 20

/** What each kind of caller found. */
export function workloadsSection({ workloads }: VerifyResult): Html {
  return html`<section aria-labelledby="workloads">
    <h2 id="workloads">Workloads</h2>
    <div class="scroll">
      <table class="cards">
        <caption class="visually-hidden">
          Every workload: its result and its calls
        </caption>
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">Result</th>
            <th scope="col" class="number">Acknowledged</th>
            <th scope="col" class="number">Uncertain</th>
            <th scope="col" class="number">Refused</th>
          </tr>
        </thead>
        <tbody>
          ${workloads.map(workloadRow)}
        </tbody>
      </table>
    </div>
    ${workloads.map(anomaliesOf)}
  </section> `
}

function workloadRow({ workload, result, acknowledged, unknown, refused, notes }: WorkloadVerdict): Html {
  const tone = result === 'sound' ? 'good' : result === 'violated' ? 'bad' : 'warn'
  return html`<tr>
    <th scope="row"><b>${workload}</b>${notes.map((note) => html`<span class="did">${note}</span>`)}</th>
    <td data-label="Result"><span class="pill ${tone}">${results[result]}</span></td>
    <td class="number" data-label="Acknowledged">${amount(acknowledged)}</td>
    <td class="number" data-label="Uncertain">${amount(unknown)}</td>
    <td class="number" data-label="Refused">${amount(refused)}</td>
  </tr> `
}

function anomaliesOf({ workload, anomalies }: WorkloadVerdict): Html | null {
  if (anomalies.length === 0) return null
  const left = anomalies.length - mostAnomalies
  return html`<div class="anomalies">
    <h3>${workload}: ${counted(anomalies.length, 'anomaly', 'anomalies')}</h3>
    <ul>
      ${anomalies.slice(0, mostAnomalies).map(anomalyItem)}
    </ul>
    ${left > 0 ? html`<p class="quiet">${amount(left)} more in the history beside this file.</p>` : null}
  </div> `
}

function anomalyItem({ kind, words, atMs }: Anomaly): Html {
  return html`<li>
    <span class="pill bad">${kind}</span>
    <span>${words}${atMs === null ? null : html` <span class="quiet">(at ${clock(atMs)})</span>`}</span>
  </li> `
}
