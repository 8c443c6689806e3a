/** Writes docs/spec.md from the schema; with --check it only says, by its exit code, whether that is up to date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { formatReference } from '../src/spec/reference.ts'

const file = fileURLToPath(new URL('../docs/spec.md', import.meta.url))
const reference = formatReference()
if (!process.argv.includes('--check')) {
  writeFileSync(file, reference)
} else if (readOrEmpty(file) !== reference) {
  console.error('docs/spec.md is not what the schema says. To renew it: node scripts/spec-docs.ts')
  process.exitCode = 1
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
