import { replyType } from '../resp/reply-framer.ts'
import { ElementReader } from './batch-reply.ts'

/** From the answer of a command that does not wait, in RESP2, to that of the one that does, in the session's protocol. */
export type Carry = (reply: Buffer, protocol: 2 | 3) => Buffer

const minus = 45

/** Whether nothing was found: a null of any kind. */
export function isNothing(reply: Buffer): boolean {
  const [type, first] = reply
  return type === replyType.null || ((type === replyType.array || type === replyType.bulk) && first === minus)
}

export const same: Carry = (reply) => reply

/** LMPOP's [key, [element]] as BLPOP's [key, element]. */
export const listPop: Carry = (reply) => {
  if (reply[0] !== replyType.array) return reply
  const { key, elements } = popped(reply)
  return Buffer.concat([Buffer.from('*2\r\n'), key, ...elements])
}

/** ZMPOP's [key, [[member, score]]] as BZPOPMIN's [key, member, score]. */
export const flattenPop: Carry = (reply, protocol) => {
  if (reply[0] !== replyType.array) return reply
  const { key, elements } = popped(reply)
  const pair = elements[0] === undefined ? [] : pairOf(elements[0], protocol)
  return Buffer.concat([Buffer.from('*3\r\n'), key, ...pair])
}

/** ZMPOP's, with doubles in RESP3. */
export const scored: Carry = (reply, protocol) => {
  if (protocol === 2 || reply[0] !== replyType.array) return reply
  const { key, elements } = popped(reply)
  const pairs = elements.map((element) =>
    Buffer.concat([Buffer.from('*2\r\n'), ...pairOf(element, protocol)]),
  )
  return Buffer.concat([Buffer.from('*2\r\n'), key, Buffer.from(`*${String(pairs.length)}\r\n`), ...pairs])
}

/** XREAD's list of [name, entries] is a map in RESP3. */
export const streams: Carry = (reply, protocol) => {
  if (protocol === 2 || reply[0] !== replyType.array) return reply
  const reader = new ElementReader(reply, 0)
  const parts: Buffer[] = [Buffer.from(`%${String(reader.count)}\r\n`)]
  for (let i = 0; i < reader.count; i++) {
    const stream = new ElementReader(reply, reader.at)
    const end = reader.skip()
    parts.push(reply.subarray(stream.at, end))
  }
  return Buffer.concat(parts)
}

function popped(reply: Buffer): { readonly key: Buffer; readonly elements: readonly Buffer[] } {
  const reader = new ElementReader(reply, 0)
  const from = reader.at
  const key = reply.subarray(from, reader.skip())
  const list = new ElementReader(reply, reader.at)
  const elements: Buffer[] = []
  for (let i = 0; i < list.count; i++) {
    const start = list.at
    elements.push(reply.subarray(start, list.skip()))
  }
  return { key, elements }
}

function pairOf(element: Buffer, protocol: 2 | 3): readonly Buffer[] {
  const reader = new ElementReader(element, 0)
  const from = reader.at
  const member = element.subarray(from, reader.skip())
  if (protocol === 2) return [member, element.subarray(reader.at)]
  return [member, Buffer.from(`,${reader.text() ?? ''}\r\n`)]
}
