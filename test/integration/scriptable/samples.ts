import { readdirSync, readFileSync } from 'node:fs'
import { splitInline } from '../../../src/resp/inline.ts'

/** A call, and what comes before it. */
export interface Sample {
  readonly before: readonly (readonly string[])[]
  readonly call: readonly string[]
  /** Its reply is random or tells the time: only types and lengths can be compared. */
  readonly loose: boolean
  /** As it is written in the file. */
  readonly title: string
}

const folder = new URL('samples/', import.meta.url)

/**
 * Calls that are tried directly and by script, in redis-cli's quoting, on the state of state.ts; `nokey` is missing there.
 * What stands before a `|` comes first. `~`: loose. `<3 k# v>`: k0 v k1 v k2 v.
 */
export const samples: readonly Sample[] = readdirSync(folder).flatMap((file) =>
  readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(readSample),
)

function readSample(line: string): Sample {
  const loose = line.startsWith('~')
  const calls = line
    .slice(loose ? 1 : 0)
    .split('|')
    .map((call) => splitInline(repeat(call)))
  return { before: calls.slice(0, -1), call: calls.at(-1) ?? [], loose, title: line }
}

function repeat(call: string): string {
  return call.replace(/<(\d+) ([^>]*)>/, (_all, count: string, words: string) =>
    Array.from({ length: Number(count) }, (_, index) => words.replaceAll('#', String(index))).join(' '),
  )
}
