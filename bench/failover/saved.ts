import { readFileSync, writeFileSync } from 'node:fs'
import type { Fault } from './fault.ts'
import type { FaultResult } from './judge-fault.ts'
import type { SystemResults } from './report.ts'

interface Saved {
  readonly command: string
  readonly all: readonly SystemResults[]
}

/** Keeps what a run measured, for a report of several. */
export function saveResults(file: string, command: string, all: readonly SystemResults[]): void {
  const plain = all.map(({ system: { name, title }, results }) => ({ system: { name, title }, results }))
  writeFileSync(file, `${JSON.stringify({ command, all: plain } satisfies Saved)}\n`)
}

/** As it was typed when the file was saved. */
export function savedCommand(file: string): string {
  return read(file).command
}

/** The results of several runs together: Holdfast first. */
export function mergeSaved(files: readonly string[]): readonly SystemResults[] {
  const found = new Map<
    string,
    { system: SystemResults['system']; results: Partial<Record<Fault, FaultResult[]>> }
  >()
  for (const { system, results } of files.flatMap((file) => read(file).all)) {
    const known = found.get(system.name) ?? { system, results: {} }
    found.set(system.name, known)
    for (const [fault, these] of Object.entries(results) as [Fault, FaultResult[]][])
      known.results[fault] = [...(known.results[fault] ?? []), ...these]
  }
  return [...found.values()].toSorted((a, b) => b.system.name.localeCompare(a.system.name))
}

function read(file: string): Saved {
  return JSON.parse(readFileSync(file, 'utf8')) as Saved
}
