import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  command,
  cut,
  cuts,
  frameReplies,
  frameRequests,
  inlineCommand,
  reply,
  word,
} from '../../test/harness/resp.ts'
import { decodeReply, ReplyError } from './decode.ts'
import { encodeCommand, encodeError } from './encode.ts'
import { replyLimits, requestLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { RequestFramer } from './request-framer.ts'

const everyByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

test('requests: any split of the bytes gives the same commands', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(command, inlineCommand), { maxLength: 8 }), cuts, (list, places) => {
      const bytes = Buffer.concat(list.map((one) => one.bytes))
      const expected = list.map(({ args }) => ({
        name: (args[0] ?? '').length > 64 ? '' : (args[0] ?? '').toUpperCase(),
        args,
        // an inline command leaves as the array that means the same
        raw: encodeCommand(args, 'latin1').toString('latin1'),
      }))
      assert.deepEqual(frameRequests(cut(bytes, places), requestLimits), expected)
      assert.deepEqual(frameRequests(everyByte(bytes), requestLimits), expected)
    }),
    { numRuns: 500 },
  )
})

test('replies: any split of the bytes gives the same replies, and each decodes to its value', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), cuts, (list, places) => {
      const bytes = Buffer.from(list.map((one) => one.raw).join(''), 'latin1')
      const expected = list.map(({ type, raw }) => ({ type, raw }))
      assert.deepEqual(frameReplies(cut(bytes, places), replyLimits), expected)
      assert.deepEqual(frameReplies(everyByte(bytes), replyLimits), expected)
      for (const { raw, value } of list) assert.deepEqual(decodeReply(Buffer.from(raw, 'latin1')), value)
    }),
    { numRuns: 500 },
  )
})

test('what is encoded is framed and read back, in both encodings', () => {
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 6 }),
      fc.string({ maxLength: 30 }),
      (args, message) => {
        const [latin1] = frameRequests([encodeCommand(args, 'latin1')], requestLimits)
        assert.deepEqual(latin1?.args, args)
        const [utf8] = frameRequests([encodeCommand(['x', message])], requestLimits)
        assert.equal(Buffer.from(utf8?.args[1] ?? '', 'latin1').toString(), Buffer.from(message).toString())
        const error = encodeError(message)
        assert.deepEqual(frameReplies([error], replyLimits), [{ type: '-', raw: error.toString('latin1') }])
      },
    ),
  )
})

test('a request stays as it was while the next ones arrive', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 2, maxLength: 8 }), cuts, (list, places) => {
      const framer = new RequestFramer(requestLimits)
      const found = []
      for (const chunk of cut(Buffer.concat(list.map((one) => one.bytes)), places)) {
        framer.push(Buffer.from(chunk))
        for (let next = framer.next(); next !== null; next = framer.next()) found.push(next)
      }
      assert.equal(framer.pendingBytes, 0)
      assert.deepEqual(
        found.map((request) => request.args()),
        list.map((one) => one.args),
      )
    }),
  )
})

test("a request's errors are worded as redis-server words them", () => {
  const cases: readonly [string, string][] = [
    ['*1\r\nx', "expected '$', got 'x'"],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n$-5\r\n', 'invalid bulk length'],
    ['*1\r\n$9999999999\r\n', 'invalid bulk length'],
    ['*2000000\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*1\r\n$04\r\nPING\r\n', 'invalid bulk length'],
    ['*1\r\n$-0\r\n\r\n', 'invalid bulk length'],
    ['get "a\r\n', 'unbalanced quotes in request'],
    ["get 'a'b\r\n", 'unbalanced quotes in request'],
    ['x'.repeat(70000), 'too big inline request'],
    [`*${'1'.repeat(70)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(70)}`, 'too big bulk count string'],
  ]
  for (const [bytes, message] of cases)
    assert.throws(
      () => frameRequests([Buffer.from(bytes)], requestLimits),
      new ProtocolError(message),
      bytes.slice(0, 40),
    )
})

test('inline commands take quotes and escapes; empty requests are skipped', () => {
  const args = (line: string): readonly string[] | undefined =>
    frameRequests([Buffer.from(line, 'latin1')], requestLimits)[0]?.args
  assert.deepEqual(args('\r\n*0\r\n*-1\r\nset "a\\x41\\n" \'b c\'\r\n'), ['set', 'aA\n', 'b c'])
  assert.deepEqual(args('PING\n'), ['PING'])
  assert.deepEqual(args(`echo '\\'"' "\\"'\\xzz\\q"\n`), ['echo', `'"`, `"'xzzq`])
  // only these bytes end a word there: no vertical tab, no byte of a UTF-8 letter
  assert.deepEqual(args('echo a\vb\fc \v\fd \xc3\xa0\n'), ['echo', 'a\vb\fc', 'd', '\xc3\xa0'])
})

test('decoding', () => {
  const text = (value: string): unknown => decodeReply(Buffer.from(value))
  assert.equal(text('$5\r\nhello\r\n'), 'hello')
  assert.equal(text('=9\r\ntxt:hello\r\n'), 'hello')
  assert.deepEqual(text('%1\r\n+a\r\n:1\r\n'), ['a', 1])
  assert.deepEqual(text('|1\r\n+ttl\r\n:1\r\n*2\r\n_\r\n#f\r\n'), [null, false])
  assert.ok(text('-ERR x\r\n') instanceof ReplyError)
})
