import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const source = join(import.meta.dirname, '../..')
const lock = join(source, '../package-lock.json')

/** What each kind of process runs, as folders of src/. What is shared by all is in every list. */
const parts = {
  counter: ['counter', 'platform'],
  /** Everything there is. */
  all: ['.'],
  other: ['agent', 'discovery', 'gateway', 'insync', 'platform', 'render', 'resp', 'targets', 'topology'],
} as const

/**
 * Names the code that a process started now would run: another value after `git pull` or an edit.
 * @param part `counter`: the bundled application; `other`: Holdfast's own processes; `all`: any file
 */
export function codeVersion(part: keyof typeof parts): string {
  const hash = createHash('sha256')
  for (const folder of parts[part]) {
    const names = readdirSync(join(source, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names
      .filter((each) => each.endsWith('.ts') && !each.endsWith('.test.ts'))
      .toSorted()) {
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(source, folder, name)))
    }
  }
  for (const file of [
    join(source, 'errors.ts'),
    join(source, 'cli/main.ts'),
    join(source, 'cli/roles.ts'),
    lock,
  ]) {
    hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}
