import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createLogRelay } from './log-relay.ts'

function relayOf(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'relay-'))
  t.after(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  const file = join(directory, 'redis-0.log')
  const written: string[] = []
  const relay = createLogRelay([file], (lines) => written.push(lines))
  const seen = (): string => {
    relay()
    return written.splice(0).join('')
  }
  return { file, seen }
}

test('passes on whole lines, each once', (t) => {
  const { file, seen } = relayOf(t)
  assert.equal(seen(), '')
  writeFileSync(file, 'one\ntw')
  assert.equal(seen(), 'one\n')
  appendFileSync(file, 'o\nthree\n')
  assert.equal(seen(), 'two\nthree\n')
  assert.equal(seen(), '')
})

test('keeps the file small, and loses nothing by it', (t) => {
  const { file, seen } = relayOf(t)
  const line = `${'x'.repeat(99)}\n`
  appendFileSync(file, line.repeat(20_000))
  assert.equal(seen().length, 2_000_000)
  assert.equal(statSync(file).size, 0)
  appendFileSync(file, 'after\n')
  assert.equal(seen(), 'after\n')
})

test('begins anew with a file that was emptied', (t) => {
  const { file, seen } = relayOf(t)
  writeFileSync(file, 'a long line\n')
  seen()
  writeFileSync(file, 'new\n')
  assert.equal(seen(), 'new\n')
})
