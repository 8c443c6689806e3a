import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { readBootId, readStat } from '../../platform/proc.ts'
import { lockHolder, takeProcessLock } from './process-lock.ts'

describe('a process lock', () => {
  let directory = ''
  let path = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'process-lock-'))
    path = join(directory, 'lock')
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  test('has one holder at a time, and leaves no file', () => {
    const lock = takeProcessLock(path)
    assert.ok('release' in lock)
    assert.deepEqual(takeProcessLock(path), { heldBy: process.pid })
    assert.equal(lockHolder(path), process.pid)
    lock.release()
    assert.equal(lockHolder(path), null)
    assert.deepEqual(readdirSync(directory), [])
  })

  test('of a dead process, of one whose pid was given again, of another boot, or torn is taken over', async () => {
    const child = spawn('sleep', ['300'])
    const pid = child.pid ?? 0
    const startTime = readStat(pid)?.startTime ?? 0
    const bootId = readBootId()
    const held = JSON.stringify({ pid, startTime, bootId })
    writeFileSync(path, held)
    assert.deepEqual(takeProcessLock(path), { heldBy: pid })
    const stale = [
      JSON.stringify({ pid, startTime: startTime - 1, bootId }),
      JSON.stringify({ pid, startTime, bootId: 'another' }),
      '{"pid":',
      '',
    ]
    for (const text of stale) {
      writeFileSync(path, text)
      const lock = takeProcessLock(path)
      assert.ok('release' in lock, text)
      lock.release()
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    writeFileSync(path, held)
    assert.ok('release' in takeProcessLock(path))
  })

  test('is not released by who no longer holds it', () => {
    const lock = takeProcessLock(path)
    assert.ok('release' in lock)
    writeFileSync(path, 'of somebody else')
    lock.release()
    assert.ok(existsSync(path))
  })
})
