import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cursorAt, cursorForClient, cursorForRedis } from './cursors.ts'

const reply = (cursor: string): Buffer =>
  Buffer.from(`*2\r\n$${String(cursor.length)}\r\n${cursor}\r\n*1\r\n$1\r\na\r\n`)
const given = (bytes: Buffer): string => bytes.toString().split('\r\n')[2] ?? ''

test('a cursor comes back to the same primary as it was, and to another one from the beginning', () => {
  for (const epoch of [0, 1, 4094, 4095, 123_456])
    for (const cursor of ['1', '512', String(2 ** 40 - 1)]) {
      const client = given(cursorForClient(reply(cursor), epoch))
      assert.ok(Number(client) < 2 ** 53 && Number(client) >= 2 ** 40, client)
      assert.equal(cursorForRedis(client, epoch), cursor)
      assert.equal(cursorForRedis(client, epoch + 1), '0')
    }
})

test('the end, errors, and what is no cursor of the gateway stay as they are', () => {
  for (const bytes of [reply('0'), reply(String(2 ** 40)), Buffer.from('-ERR invalid cursor\r\n')])
    assert.equal(cursorForClient(bytes, 7), bytes)
  for (const text of ['0', '17', 'text', '-1', '', '9223372036854775807', String(2 ** 52)])
    assert.equal(cursorForRedis(text, 7), null)
})

test('only the scans have cursors', () => {
  assert.deepEqual(['SCAN', 'HSCAN', 'SSCAN', 'ZSCAN', 'GET'].map(cursorAt), [1, 2, 2, 2, 0])
})
