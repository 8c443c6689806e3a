import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readOutput } from '../../../platform/run-program.ts'
import { readCapabilities } from './capabilities.ts'

const isRoot = process.getuid?.() === 0

test('every refusal says why, and the clock is never a node’s own', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'capabilities-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  const capabilities = await readCapabilities(directory)
  assert.match(capabilities.clock ?? '', /share its one clock/)
  assert.equal(capabilities.signal, null)
  for (const why of Object.values(capabilities)) assert.notEqual(why, '')
})

test('who is not root is told what needs root, and whose a deployment is', { skip: !isRoot }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'capabilities-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  const module = JSON.stringify(join(import.meta.dirname, 'capabilities.ts'))
  const script = `import(${module}).then(async ({ readCapabilities }) => {
    process.setuid(65534)
    console.log(JSON.stringify(await readCapabilities(${JSON.stringify(directory)})))
  })`
  const said = JSON.parse(await readOutput(process.execPath, ['-e', script])) as Record<string, string>
  assert.match(said.network ?? '', /only root may change the network/)
  assert.match(said.delay ?? '', /only root/)
  assert.match(said.signal ?? '', /runs as another user \(uid 0\)/)
  assert.match(said.disk ?? '', /another user|only root/)
  assert.equal(said.restart, null)
})
