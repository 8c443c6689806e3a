import fc from 'fast-check'
import { ReplyError, type Reply } from '../../src/resp/decode.ts'
import { encodeCommand } from '../../src/resp/encode.ts'
import type { FrameLimits } from '../../src/resp/limits.ts'
import { ReplyFramer } from '../../src/resp/reply-framer.ts'
import { RequestFramer } from '../../src/resp/request-framer.ts'

/** Everything here is latin1 text: one character a byte. */
export interface FoundRequest {
  readonly name: string
  readonly args: readonly string[]
  readonly raw: string
}

/** Pieces of the bytes, some of them empty. */
export function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  return [...places, bytes.length].map((place, index) => bytes.subarray(places[index - 1] ?? 0, place))
}

export const cuts = fc.array(fc.nat(), { maxLength: 12 })

/** Each chunk is copied and wiped afterwards unless it was kept, as a socket's are not reused. @throws ProtocolError */
export function frameRequests(chunks: readonly Buffer[], limits: FrameLimits): FoundRequest[] {
  const framer = new RequestFramer(limits)
  const found: FoundRequest[] = []
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk))
    for (let next = framer.next(); next !== null; next = framer.next())
      found.push({ name: next.name, args: next.args(), raw: next.raw().toString('latin1') })
  }
  return found
}

/** @throws ProtocolError */
export function frameReplies(
  chunks: readonly Buffer[],
  limits: FrameLimits,
): { type: string; raw: string }[] {
  const framer = new ReplyFramer(limits)
  const found = []
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk))
    while (framer.next())
      found.push({ type: String.fromCharCode(framer.type), raw: framer.slice().toString('latin1') })
  }
  return found
}

/** Any bytes. */
export const word = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom('', '\r\n', '$-1\r\n', '*1\r\n$4\r\nPING\r\n', '\0', '"'),
)

/** A command as an array, whose name may be any bytes. */
export const command = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('get', 'SET', 'mGet', 'restore-asking', 'sort_ro', '', '\xb5\xdf', 'x'.repeat(70)),
      word,
    ),
    fc.array(word, { maxLength: 8 }),
  )
  .map(([name, rest]) => ({ args: [name, ...rest], bytes: encodeCommand([name, ...rest], 'latin1') }))

/** An inline command; its words are quoted as redis-cli shows them. */
export const inlineCommand = fc
  .tuple(
    fc.stringMatching(/^[a-z]{1,8}$/),
    fc.array(word, { maxLength: 4 }),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom(' ', '\t', '  '),
  )
  .map(([name, rest, end, space]) => ({
    args: [name, ...rest],
    bytes: Buffer.from([name, ...rest.map(quote)].join(space) + end, 'latin1'),
  }))

function quote(text: string): string {
  if (/^[a-z\x80-\xff]+$/.test(text)) return text
  return `"${text.replace(/[^ !#-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

/** A reply's bytes, its own first byte (attributes may stand before), and what decodeReply makes of it. */
export interface EncodedReply {
  readonly raw: string
  readonly type: string
  readonly value: Reply
}

const line = fc.stringMatching(/^[ -~]{0,30}$/)
const text = fc.stringMatching(/^[ -~\r\n]{0,30}$/)
const leaf = (type: string, body: string, value: Reply): EncodedReply => ({
  raw: `${type}${body}\r\n`,
  type,
  value,
})
const bulk = (type: string, body: string, value: Reply): EncodedReply =>
  leaf(type, `${String(body.length)}\r\n${body}`, value)

const simpleReply: fc.Arbitrary<EncodedReply> = fc.oneof(
  line.map((value) => leaf('+', value, value)),
  line.map((value) => leaf('-', value, new ReplyError(value))),
  fc.maxSafeInteger().map((value) => leaf(':', String(value), value)),
  text.map((value) => bulk('$', value, value)),
  text.map((value) => bulk('!', value, new ReplyError(value))),
  text.map((value) => bulk('=', `txt:${value}`, value)),
  fc.boolean().map((value) => leaf('#', value ? 't' : 'f', value)),
  fc.constantFrom('1.5', '-0', 'inf', '-inf', 'nan', '1e300').map((value) => leaf(',', value, value)),
  fc.bigInt().map((value) => leaf('(', String(value), String(value))),
  fc.constant(leaf('_', '', null)),
  fc.constantFrom('$', '*', '%', '~', '>').map((type) => leaf(type, '-1', null)),
)

/** RESP2 and RESP3, all types but the streamed ones. */
export const reply: fc.Arbitrary<EncodedReply> = fc.letrec<{ node: EncodedReply }>((tie) => {
  const node = tie('node')
  const pairs = fc.array(fc.tuple(node, node), { maxLength: 3 }).map((list) => ({
    header: `${String(list.length)}\r\n${list.map(([key, value]) => key.raw + value.raw).join('')}`,
    values: list.flatMap(([key, value]) => [key.value, value.value]),
  }))
  return {
    node: fc.oneof(
      { depthSize: 'small' },
      simpleReply,
      fc.tuple(fc.constantFrom('*', '~', '>'), fc.array(node, { maxLength: 4 })).map(([type, items]) => ({
        raw: `${type}${String(items.length)}\r\n${items.map((item) => item.raw).join('')}`,
        type,
        value: items.map((item) => item.value),
      })),
      pairs.map(({ header, values }) => ({ raw: `%${header}`, type: '%', value: values })),
      fc.tuple(pairs, node).map(([{ header }, after]) => ({ ...after, raw: `|${header}${after.raw}` })),
    ),
  }
}).node
