import type { VerifyResult } from '../result.ts'
import { html, type Html } from './html.ts'
import { amount, counted, duration, kinds, sumOf } from './words.ts'

const marks = { proved: '✓', violated: '✕', unproved: '?' } as const
const names = { proved: 'Proved', violated: 'Violated', unproved: 'Not proved' } as const

/** The verdict, in words that need nothing else; then the numbers that it rests on. */
export function verdictSection(result: VerifyResult): Html {
  const [first = '', ...others] = result.words
  return html`<header class="verdict ${result.verdict}">
      <p class="kicker">
        holdfast verify · ${result.subject.name} on ${result.subject.target} · ${startOf(result)}
      </p>
      <h1>
        <span class="badge"
          ><span aria-hidden="true">${marks[result.verdict]}</span> ${names[result.verdict]}</span
        >
        ${first}
      </h1>
      ${others.map((words) => html`<p>${words}</p>`)}
    </header>
    ${tiles(result)} `
}

function tiles({ totals, faults }: VerifyResult): Html {
  const errors = sumOf(totals.errors)
  const explained = sumOf(totals.explained)
  return html`<dl class="tiles">
    ${tile('Acknowledged', amount(totals.acknowledged), 'calls answered')}
    ${tile('Faults', amount(faults.length), 'broken on purpose')}
    ${tile('Lost', amount(totals.lost), 'answered and gone', totals.lost > 0)}
    ${tile('Twice', amount(totals.twice), 'counted double', totals.twice > 0)}
    ${tile('Back', amount(totals.back), 'went back', totals.back > 0)}
    ${totals.other === 0 ? null : tile('Wrong', amount(totals.other), 'otherwise wrong', true)}
    ${tile('Errors', amount(errors), errors > 0 ? kinds(totals.errors) : 'that clients saw', errors > 0)}
    ${explained === 0 ? null : tile('Explained', amount(explained), kinds(totals.explained))}
    ${tile('Longest silence', duration(totals.longestGapMs), 'nothing was answered')}
    ${tile('Longest call', duration(totals.longestCallMs), 'for one caller')}
  </dl> `
}

function tile(name: string, value: string, words: string, isBad = false): Html {
  return html`<div class="tile${isBad ? ' bad' : ''}">
    <dt>${name}</dt>
    <dd><b>${value}</b><span>${words}</span></dd>
  </div>`
}

function startOf({ startedAt, durationMs }: VerifyResult): string {
  return `${startedAt.slice(0, 19).replace('T', ' ')} UTC, for ${duration(durationMs)}`
}

/** What was looked at in the end. */
export function closingSection({ closing }: VerifyResult): Html | null {
  if (closing.length === 0) return null
  return html`<section aria-labelledby="closing">
    <h2 id="closing">Afterwards</h2>
    <ul class="checks">
      ${closing.map(
        ({ name, passed, words }) =>
          html`<li class="${passed ? 'good' : 'bad'}">
            <span class="sign" aria-hidden="true">${passed ? '✓' : '✕'}</span
            ><span
              ><b>${name}</b
              ><span class="visually-hidden">${passed ? ' passed:' : ' failed:'}</span> ${words}</span
            >
          </li>`,
      )}
    </ul>
  </section> `
}

/** How it was done, and how to do it again. */
export function aboutSection({ command, seed, subject, versions, faults }: VerifyResult): Html {
  const rows = (entries: Readonly<Record<string, string>>): readonly Html[] =>
    Object.entries(entries).map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${value}</td>
        </tr>`,
    )
  return html`<section aria-labelledby="again">
    <h2 id="again">Do it again</h2>
    <pre><code>${command}</code></pre>
    <p class="quiet">Seed ${seed}: the same ${counted(faults.length, 'fault')} in the same order.</p>
    <div class="columns">
      <table class="plain">
        <caption>
          Settings
        </caption>
        <tbody>
          ${rows(subject.settings)}
        </tbody>
      </table>
      <table class="plain">
        <caption>
          Versions
        </caption>
        <tbody>
          ${rows(versions)}
        </tbody>
      </table>
    </div>
  </section> `
}
