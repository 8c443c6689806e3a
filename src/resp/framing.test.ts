import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeReply, ReplyError } from './decode.ts'
import { encodeCommand } from './encode.ts'
import { replyLimits, requestLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReplyFramer } from './reply-framer.ts'
import { RequestFramer } from './request-framer.ts'

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...places, bytes.length].map((place, index) => bytes.subarray(places[index - 1] ?? 0, place))
}

function requests(chunks: readonly Buffer[], limits = requestLimits): { args: string[]; raw: string }[] {
  const framer = new RequestFramer(limits)
  const found = []
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk))
    for (let next = framer.next(); next !== null; next = framer.next())
      found.push({ args: next.args(), raw: next.raw().toString('latin1') })
  }
  return found
}

function replies(chunks: readonly Buffer[], limits = replyLimits): string[] {
  const framer = new ReplyFramer(limits)
  const found = []
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk))
    while (framer.next()) found.push(framer.slice().toString('latin1'))
  }
  return found
}

const word = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text).toString('latin1'))
const command = fc
  .tuple(fc.constantFrom('get', 'SET', 'mget'), fc.array(word, { maxLength: 8 }))
  .map(([name, rest]) => ({ args: [name, ...rest], bytes: encodeCommand([name, ...rest], 'latin1') }))
const inline = fc
  .array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 4 })
  .map((args) => ({ args, bytes: Buffer.from(`${args.join(' ')}\r\n`) }))

const reply: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      '+OK\r\n',
      '-ERR no\r\n',
      ':-12\r\n',
      '$-1\r\n',
      '*-1\r\n',
      '_\r\n',
      '#t\r\n',
      ',1.5\r\n',
      '(123456789012345678901\r\n',
    ),
    word.map((text) => `$${String(text.length)}\r\n${text}\r\n`),
    word.map((text) => `=${String(text.length + 4)}\r\ntxt:${text}\r\n`),
    word.map((text) => `!${String(text.length)}\r\n${text}\r\n`),
    fc
      .tuple(fc.constantFrom('*', '~', '>'), fc.array(tie('node'), { maxLength: 4 }))
      .map(([type, items]) => `${type}${String(items.length)}\r\n${items.join('')}`),
    fc
      .tuple(
        fc.constantFrom('%', '|'),
        fc.array(fc.tuple(tie('node'), tie('node')), { maxLength: 3 }),
        tie('node'),
      )
      .map(
        ([type, pairs, after]) =>
          `${type}${String(pairs.length)}\r\n${pairs.flat().join('')}${type === '|' ? after : ''}`,
      ),
  ),
})).node

test('requests: any split of the bytes gives the same commands', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(command, inline), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (list, cuts) => {
        const found = requests(cut(Buffer.concat(list.map((one) => one.bytes)), cuts))
        assert.deepEqual(
          found.map((one) => one.args),
          list.map((one) => one.args),
        )
        assert.deepEqual(
          found.map((one) => one.raw),
          list.map((one) => one.bytes.toString('latin1')),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('replies: any split of the bytes gives the same replies, and each decodes', () => {
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (list, cuts) => {
      assert.deepEqual(replies(cut(Buffer.from(list.join(''), 'latin1'), cuts)), list)
      for (const one of list) decodeReply(Buffer.from(one, 'latin1'))
    }),
    { numRuns: 500 },
  )
})

test('garbage ends in a ProtocolError or in waiting, never in anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of [requests, replies]) {
        try {
          read([Buffer.from(bytes)])
        } catch (error) {
          assert.ok(error instanceof ProtocolError)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

test("a request's errors are worded as redis-server words them", () => {
  const cases: readonly [string, string][] = [
    ['*1\r\nx', "expected '$', got 'x'"],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n$-5\r\n', 'invalid bulk length'],
    ['*1\r\n$9999999999\r\n', 'invalid bulk length'],
    ['*2000000\r\n', 'invalid multibulk length'],
    ['get "a\r\n', 'unbalanced quotes in request'],
    ['x'.repeat(70000), 'too big inline request'],
    [`*${'1'.repeat(70)}`, 'too big mbulk count string'],
  ]
  for (const [bytes, message] of cases)
    assert.throws(() => requests([Buffer.from(bytes)]), new ProtocolError(message), bytes.slice(0, 40))
})

test('inline commands take quotes and escapes; empty requests are skipped', () => {
  const [set, ping] = requests([Buffer.from('\r\n*0\r\n*-1\r\nset "a\\x41\\n" \'b c\'\r\nPING\n')])
  assert.deepEqual(set?.args, ['set', 'aA\n', 'b c'])
  assert.deepEqual(ping?.args, ['PING'])
})

test('limits of replies: nesting, counts, streamed aggregates', () => {
  assert.throws(() => replies([Buffer.from('*1\r\n'.repeat(100))]), ProtocolError)
  assert.throws(() => replies([Buffer.from('*999999999999\r\n')]), ProtocolError)
  assert.throws(() => replies([Buffer.from('*?\r\n')]), /streamed/)
  assert.throws(() => replies([Buffer.from('$?\r\n')]), /streamed/)
})

test('decoding', () => {
  const text = (value: string): unknown => decodeReply(Buffer.from(value))
  assert.equal(text('$5\r\nhello\r\n'), 'hello')
  assert.equal(text('=9\r\ntxt:hello\r\n'), 'hello')
  assert.deepEqual(text('%1\r\n+a\r\n:1\r\n'), ['a', 1])
  assert.deepEqual(text('|1\r\n+ttl\r\n:1\r\n*2\r\n_\r\n#f\r\n'), [null, false])
  assert.ok(text('-ERR x\r\n') instanceof ReplyError)
})
