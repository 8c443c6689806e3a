import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWritten } from './append-only-file.ts'

const info = (written: number, held: number, enabled = 1) =>
  `# Persistence\r\nloading:0\r\naof_enabled:${String(enabled)}\r\naof_current_size:${String(written)}\r\naof_buffer_length:${String(held)}\r\n`

test('what was held back is written once the file has grown by it', () => {
  assert.equal(isWritten(info(1000, 70), info(1070, 0)), true)
  assert.equal(isWritten(info(1000, 70), info(1070, 30)), true, 'what is held now came later')
})

test('it is not while an fsync makes redis-server hold it back', () => {
  assert.equal(isWritten(info(1000, 70), info(1000, 100)), false)
})

test('nothing held is all written, also after a rewrite made the file smaller', () => {
  assert.equal(isWritten(info(1000, 70), info(200, 0)), true)
  assert.equal(isWritten(info(1000, 70), info(200, 10)), false)
})

test('a server without an append-only file has nothing to write', () => {
  assert.equal(isWritten(info(0, 0, 0), info(0, 0, 0)), true)
})
