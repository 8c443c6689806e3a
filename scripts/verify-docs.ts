/** Writes the tables of docs/verify.md from what verify knows; with --check it only says, by its exit code, whether they are current. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { faults } from '../src/verify/faults/all.ts'
import type { Capability } from '../src/verify/faults/fault.ts'
import { workloads } from '../src/verify/workloads/all.ts'

const ofClusters: ReadonlySet<Capability> = new Set(['pods', 'claims', 'drain', 'sidecars'])
const file = fileURLToPath(new URL('../docs/verify.md', import.meta.url))
const now = readFileSync(file, 'utf8')
const current = replaced(replaced(now, 'workloads', workloadTable()), 'faults', faultTable())
if (!process.argv.includes('--check')) {
  writeFileSync(file, current)
} else if (now !== current) {
  console.error('docs/verify.md does not name what verify has. To renew it: node scripts/verify-docs.ts')
  process.exitCode = 1
}

function workloadTable(): readonly string[] {
  const rows = workloads.map(({ name, description, needs }) => {
    return `| \`${name}\` | ${needs === 'http' ? 'front door' : 'gateway'} | ${description} |`
  })
  return ['| workload | calls the | |', '|---|---|---|', ...rows]
}

function faultTable(): readonly string[] {
  const rows = faults.map(({ name, description, ordinary, destroys, atLeast, atMost, explains, needs }) => {
    const notes = [
      ...(ordinary ? ['ordinary'] : []),
      ...(needs.some((capability) => ofClusters.has(capability)) ? ['in a cluster'] : []),
      ...(destroys === undefined ? [] : ['destroys data']),
      ...(atLeast?.nodes === undefined || atLeast.nodes <= 3 ? [] : [`${atLeast.nodes} nodes`]),
      ...(atMost?.nodes === undefined ? [] : [`at most ${atMost.nodes} nodes`]),
      ...(explains === undefined ? [] : [`explains errors: ${explains}`]),
    ]
    return `| \`${name}\` | ${description.replaceAll('|', '\\|')} | ${notes.join('; ')} |`
  })
  return ['| fault | | |', '|---|---|---|', ...rows]
}

function replaced(text: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = text.indexOf(begin) + begin.length
  return `${text.slice(0, from)}\n${lines.join('\n')}\n${text.slice(text.indexOf(end))}`
}
