import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** `node bench/support/profile-top.ts FILE.cpuprofile…`: where the time went, by function and by file, without what it called. */

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  /** Node ids. */
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 30

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('usage: node bench/support/profile-top.ts FILE.cpuprofile…')
  process.exitCode = 2
}
for (const file of files) print(file, JSON.parse(readFileSync(file, 'utf8')) as Profile)

function print(name: string, { nodes, samples, timeDeltas }: Profile): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const byFunction = new Map<string, number>()
  const byFile = new Map<string, number>()
  let busy = 0
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id)
    if (frame === undefined || frame.functionName === '(idle)') continue
    const us = timeDeltas[index] ?? 0
    busy += us
    const file =
      frame.url === '' ? '(native)' : frame.url.replace(/^file:\/\/.*\/(src|node_modules)\//, '$1/')
    add(byFile, file, us)
    add(byFunction, `${frame.functionName || '(anonymous)'} ${file}:${frame.lineNumber + 1}`, us)
  }
  console.log(`${basename(name)}: ${(busy / 1e6).toFixed(1)} s busy`)
  for (const all of [byFunction, byFile]) {
    const most = [...all].sort(([, a], [, b]) => b - a).slice(0, shown)
    for (const [what, us] of most) console.log(`  ${((us / busy) * 100).toFixed(1).padStart(5)} %  ${what}`)
    console.log('')
  }
}

function add(to: Map<string, number>, key: string, value: number): void {
  to.set(key, (to.get(key) ?? 0) + value)
}
