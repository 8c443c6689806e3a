import type { VerifyResult } from '../result.ts'
import type { NodeStatus, Status } from '../../targets/status.ts'
import { html, type Html } from './html.ts'

/** What ran before and after: the same parts, whoever is the primary. */
export function topologySection({ before, after }: VerifyResult): Html | null {
  if (before === null && after === null) return null
  return html`<section aria-labelledby="topology">
    <h2 id="topology">Before and after</h2>
    <div class="columns">
      ${before === null ? null : statusTable('Before', before)}${after === null ? null : statusTable('After', after)}
    </div>
  </section> `
}

function statusTable(when: string, status: Status): Html {
  const { nodes, gateways, instances, frontDoor, problems } = status
  const parts = [
    ...gateways.map(({ name, address, up }) => part(name, address, up ? 'up' : 'down', up)),
    ...instances.map(({ name, address, up, healthy }) =>
      part(name, address, healthy ? 'healthy' : up ? 'up, not healthy' : 'down', healthy),
    ),
    part('front-door', frontDoor.url.replace(/^https?:\/\//, ''), frontDoor.up ? 'up' : 'down', frontDoor.up),
  ]
  return html`<div>
    <table class="plain">
      <caption>
        ${when}:
        <span class="${status.state === 'healthy' ? 'good' : 'bad'}">${status.state}</span
        >, epoch ${status.epoch}
      </caption>
      <tbody>
        ${nodes.map(nodeRow)}${parts}
      </tbody>
    </table>
    ${
      problems.length === 0
        ? null
        : html`<ul class="problems">
            ${problems.map(({ message }) => html`<li>${message}</li>`)}
          </ul>`
    }
  </div> `
}

function nodeRow({ name, address, role, up, inSync }: NodeStatus): Html {
  const words = up ? `${role}${inSync ? ', in sync' : ', not in sync'}` : 'down'
  return part(name, address, words, up && inSync, role === 'primary')
}

function part(name: string, address: string, words: string, isGood: boolean, isPrimary = false): Html {
  return html`<tr${isPrimary ? html` class="primary"` : null}><th scope="row">${name}</th><td class="quiet">${address}</td><td class="${isGood ? 'good' : 'bad'}">${words}</td></tr>
`
}
