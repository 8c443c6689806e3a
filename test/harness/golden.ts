import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { env } from 'node:process'

/** Compares with test/golden/`name`; HOLDFAST_UPDATE_GOLDEN=1 writes it instead, to be read in the diff. */
export function assertGolden(name: string, actual: string): void {
  const file = new URL(`../golden/${name}`, import.meta.url)
  if (env.HOLDFAST_UPDATE_GOLDEN === '1') writeFileSync(file, actual)
  assert.equal(actual, readFileSync(file, 'utf8'))
}
