import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cut, cuts, frameReplies, frameRequests } from '../../test/harness/resp.ts'
import type { FrameLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReplyFramer } from './reply-framer.ts'
import { RequestFramer } from './request-framer.ts'

const limits: FrameLimits = { frameBytes: 300, bulkBytes: 100, elements: 8, depth: 4, inlineBytes: 80 }
/** The longest line that holds a length. */
const lengthLine = 40

const requests = (text: string): unknown => frameRequests([Buffer.from(text)], limits)
const replies = (text: string): unknown => frameReplies([Buffer.from(text)], limits)

/** Feeds until it throws; what is waiting must stay within the limits all the while. @returns bytes taken until it threw */
function feed(framer: RequestFramer | ReplyFramer, chunks: Iterable<Buffer>): number {
  let taken = 0
  for (const chunk of chunks) {
    framer.push(chunk)
    taken += chunk.length
    try {
      for (let found = framer.next(); found !== null && found !== false; found = framer.next());
    } catch (error) {
      assert.ok(error instanceof ProtocolError)
      return taken
    }
    assert.ok(framer.pendingBytes <= limits.frameBytes + lengthLine, String(framer.pendingBytes))
  }
  return Infinity
}

function* endless(start: string, then: string, size: number): Iterable<Buffer> {
  const text = Buffer.from(start + then.repeat(2000))
  for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size)
}

test('what never ends is refused before more is buffered than a frame may have', () => {
  const bulk = `$90\r\n${'x'.repeat(90)}\r\n`
  const requestStarts: readonly [string, string][] = [
    ['', 'x'],
    ['*8\r\n', bulk],
    ['*', '1'],
    ['*', ' '],
    ['*1\r\n$', '0'],
    ['*1\r\n$100\r\n', 'x'],
  ]
  const replyStarts: readonly [string, string][] = [
    ['+', 'x'],
    [':', '1'],
    ['(', '1'],
    ['*8\r\n', bulk],
    ['*8\r\n', `+${'x'.repeat(70)}\r\n`],
    ['*8\r\n*8\r\n', `+${'x'.repeat(70)}\r\n`],
    ['*', '1'],
    ['$', '1'],
    ['', '|0\r\n'],
    ['', '|1\r\n+key\r\n+value\r\n'],
    ['*1\r\n', '|1\r\n+key\r\n+value\r\n'],
    ['', '*1\r\n'],
    ['', '%1\r\n+key\r\n'],
    ['=100\r\n', 'x'],
  ]
  for (const size of [1, 7, 64]) {
    for (const [start, then] of requestStarts)
      assert.ok(feed(new RequestFramer(limits), endless(start, then, size)) < 500, `request ${start}${then}`)
    for (const [start, then] of replyStarts)
      assert.ok(feed(new ReplyFramer(limits), endless(start, then, size)) < 500, `reply ${start}${then}`)
  }
})

test('whatever comes, no more waits than a frame may have', () => {
  const part = fc.oneof(
    fc.constantFrom('\r\n', '*1\r\n', '*8\r\n', '|1\r\n', '%2\r\n', '_\r\n', '+ok\r\n', '$-1\r\n', '>1\r\n'),
    fc.nat({ max: 110 }).map((length) => `$${String(length)}\r\n${'x'.repeat(length)}\r\n`),
    fc.nat({ max: 100 }).map((length) => `+${'x'.repeat(length)}`),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), cuts, (parts, places) => {
      const chunks = cut(Buffer.from(parts.join('')), places)
      feed(new RequestFramer(limits), chunks)
      feed(new ReplyFramer(limits), chunks)
    }),
    { numRuns: 1000 },
  )
})

test('what is announced too large is refused before it comes', () => {
  for (const text of [
    '*1\r\n$101\r\n',
    '*9\r\n',
    `*4\r\n${`$90\r\n${'x'.repeat(90)}\r\n`.repeat(2)}$100\r\n`,
  ])
    assert.throws(() => requests(text), ProtocolError, text)
  for (const text of [
    '$101\r\n',
    '!101\r\n',
    '=101\r\n',
    '*9\r\n',
    '~9\r\n',
    '>9\r\n',
    '%9\r\n',
    '|9\r\n',
    '*-2\r\n',
  ])
    assert.throws(() => replies(text), ProtocolError, text)
})

test('the limits themselves are allowed', () => {
  const bulk = `$100\r\n${'x'.repeat(100)}\r\n`
  assert.equal(frameRequests([Buffer.from(`*2\r\n${bulk.repeat(2)}`)], limits).length, 1)
  assert.equal(frameRequests([Buffer.from(`*8\r\n${'$1\r\nx\r\n'.repeat(8)}`)], limits).length, 1)
  assert.equal(frameRequests([Buffer.from(`${'x'.repeat(79)}\n`)], limits).length, 1)
  assert.equal(frameReplies([Buffer.from(bulk)], limits).length, 1)
  assert.equal(frameReplies([Buffer.from(`*8\r\n${':1\r\n'.repeat(8)}`)], limits).length, 1)
})

test('nesting: as deep as the limit, and not one deeper', () => {
  for (const header of ['*1\r\n', '~1\r\n', '>1\r\n', '%1\r\n+key\r\n', '|1\r\n+key\r\n']) {
    const nested = (depth: number): string => `${header.repeat(depth)}+value\r\n${'+more\r\n'.repeat(depth)}`
    assert.doesNotThrow(() => replies(nested(limits.depth)), header)
    assert.throws(() => replies(nested(limits.depth + 1)), /nested too deeply/, header)
  }
})

test('streamed aggregates and strings are refused by name', () => {
  for (const before of ['', '*2\r\n', '*2\r\n:1\r\n', '%1\r\n+key\r\n', '|1\r\n+key\r\n']) {
    for (const type of '*~%>|') assert.throws(() => replies(`${before}${type}?\r\n`), /streamed aggregates/)
    for (const type of '$=!') assert.throws(() => replies(`${before}${type}?\r\n`), /streamed strings/)
    for (const text of [';4\r\n', '.\r\n']) assert.throws(() => replies(before + text), /cannot begin with/)
  }
})
