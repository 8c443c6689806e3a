import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { warmCompileCache } from './warm-cache.ts'

test('the compile cache is filled once for the same sources, by a process like those that use it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-cache-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  const env = { ...process.env, NODE_COMPILE_CACHE: directory }
  const { signal } = new AbortController()
  assert.equal(await warmCompileCache(env, signal), true)
  const filled = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  assert.ok(filled.length > 100, `${String(filled.length)} entries`)
  assert.equal(await warmCompileCache(env, signal), false)
})

test('without a directory for it there is nothing to do; with one that cannot be used nothing fails', async () => {
  const { signal } = new AbortController()
  assert.equal(await warmCompileCache({}, signal), false)
  assert.equal(await warmCompileCache({ NODE_COMPILE_CACHE: '/dev/null/none' }, signal), false)
})
