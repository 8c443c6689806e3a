import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { keptSecrets } from './kept-secrets.ts'

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kept-'))
  t.after(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  return join(directory, 'counter.kubernetes', 'secrets')
}

test('secrets are generated once, differ, and are for their owner only', (t) => {
  const directory = place(t)
  const first = keptSecrets(directory, null)
  assert.match(first.password, /^[\w-]{32}$/)
  assert.notEqual(first.password, first.internal)
  assert.deepEqual(keptSecrets(directory, null), first)
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, 'internal')).mode & 0o777, 0o600)
})

test('a password of the spec is used and not kept', (t) => {
  const directory = place(t)
  assert.equal(keptSecrets(directory, 'from elsewhere').password, 'from elsewhere')
  assert.deepEqual(readdirSync(directory), ['internal'])
})
