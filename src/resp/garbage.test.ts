import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { command, cut, cuts, frameRequests, reply } from '../../test/harness/resp.ts'
import { decodeReply } from './decode.ts'
import { replyLimits, requestLimits, unauthenticatedLimits, type FrameLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReplyFramer } from './reply-framer.ts'
import { RequestFramer } from './request-framer.ts'

/** How far it gets, and whether it ends in an error. Anything but a ProtocolError goes on to the test. */
function outcome(framer: RequestFramer | ReplyFramer, chunks: readonly Buffer[]): readonly string[] {
  const found: string[] = []
  try {
    for (const chunk of chunks) {
      framer.push(Buffer.from(chunk))
      if (framer instanceof RequestFramer)
        for (let next = framer.next(); next !== null; next = framer.next())
          found.push(`${next.name} ${JSON.stringify(next.args())} ${next.raw().toString('latin1')}`)
      else while (framer.next()) found.push(framer.slice().toString('latin1'))
    }
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    found.push(error.message)
  }
  return found
}

const tight: FrameLimits = { frameBytes: 60, bulkBytes: 30, elements: 4, depth: 3, inlineBytes: 20 }
const resp = fc.array(
  fc.oneof(
    fc.constantFrom(...'*$+-:_#,(!=%|~>?.;0123456789\r\n\0ax" \\\''.split('')),
    fc.constantFrom(
      '\r\n',
      '*1\r\n',
      '$-1\r\n',
      '*-1\r\n',
      '$0\r\n\r\n',
      '*2\r\n$1\r\nx\r\n',
      '|1\r\n',
      '%1\r\n',
    ),
  ),
  { maxLength: 60 },
)
const flips = fc.array(fc.tuple(fc.nat(), fc.constantFrom('set', 'insert', 'delete'), fc.nat({ max: 255 })), {
  maxLength: 4,
})

/** Sound bytes with a few of them changed, put in or taken out. */
const damaged = fc
  .tuple(
    fc.oneof(
      fc.array(command, { maxLength: 4 }).map((list) => Buffer.concat(list.map((one) => one.bytes))),
      fc
        .array(reply, { maxLength: 4 })
        .map((list) => Buffer.from(list.map((one) => one.raw).join(''), 'latin1')),
    ),
    flips,
  )
  .map(([bytes, changes]) => {
    const damagedBytes = [...bytes]
    for (const [at, how, byte] of changes)
      damagedBytes.splice(
        at % (damagedBytes.length + 1),
        how === 'insert' ? 0 : 1,
        ...(how === 'delete' ? [] : [byte]),
      )
    return Buffer.from(damagedBytes)
  })

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  resp.map((parts) => Buffer.from(parts.join(''), 'latin1')),
  damaged,
)

test('garbage ends in a ProtocolError or in waiting, and the same for any split of it', () => {
  fc.assert(
    fc.property(garbage, cuts, (bytes, places) => {
      for (const limits of [requestLimits, unauthenticatedLimits, tight])
        assert.deepEqual(
          outcome(new RequestFramer(limits), cut(bytes, places)),
          outcome(new RequestFramer(limits), [bytes]),
        )
      for (const limits of [replyLimits, tight])
        assert.deepEqual(
          outcome(new ReplyFramer(limits), cut(bytes, places)),
          outcome(new ReplyFramer(limits), [bytes]),
        )
    }),
    { numRuns: 3000 },
  )
})

test('what is framed out of garbage decodes, or is refused', () => {
  fc.assert(
    fc.property(garbage, (bytes) => {
      const framer = new ReplyFramer(replyLimits)
      framer.push(bytes)
      try {
        while (framer.next()) decodeReply(framer.slice())
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})

test('what is framed as a command is framed again as the same command', () => {
  fc.assert(
    fc.property(garbage, (bytes) => {
      let found
      try {
        found = frameRequests([bytes], requestLimits)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
        return
      }
      const again = frameRequests(
        [Buffer.from(found.map((one) => one.raw).join(''), 'latin1')],
        requestLimits,
      )
      assert.deepEqual(again, found)
    }),
    { numRuns: 2000 },
  )
})
