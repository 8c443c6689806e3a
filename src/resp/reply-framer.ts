import { ByteBuffer } from './byte-buffer.ts'
import { LengthLine, lineEnd } from './integer.ts'
import type { FrameLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

/** First bytes of RESP2's and RESP3's types (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export const replyType = {
  simple: 43, // +
  error: 45, // -
  integer: 58, // :
  bulk: 36, // $
  array: 42, // *
  null: 95, // _
  boolean: 35, // #
  double: 44, // ,
  bigNumber: 40, // (
  bulkError: 33, // !
  verbatim: 61, // =
  map: 37, // %
  attribute: 124, // |
  set: 126, // ~
  push: 62, // >
} as const

const cr = 13
const lf = 10
const question = 63
const none = Buffer.alloc(0)
const tooLarge = 'a reply is larger than the limit'
const shortLine = 32
const header = new LengthLine('reply length line too long')

/**
 * Cuts a server's bytes into replies without decoding them. `next()` true: the reply is [start, end) of `bytes`, and `type` its
 * first byte (that of the reply itself when attributes stand before it). The positions hold until the next call of `push`.
 */
export class ReplyFramer {
  type = 0
  start = 0
  end = 0
  private readonly limits: FrameLimits
  private readonly buffer = new ByteBuffer()
  /** Of the frame under way: where scanning goes on and what was looked at, relative to its start. */
  private at = 0
  private seen = 0
  /** Nothing can be gained before this many bytes of the frame are there. */
  private needed = 0
  /** Elements still to come: of the aggregate that is open (the frame itself is the first), and of those around it. */
  private open = 1
  private readonly around: number[] = []
  private frameType = 0
  private handedOut: Buffer = none

  constructor(limits: FrameLimits) {
    this.limits = limits
  }

  /** What `start` and `end` are positions in. */
  get bytes(): Buffer {
    return this.handedOut
  }

  get pendingBytes(): number {
    return this.buffer.length
  }

  push(chunk: Buffer): void {
    this.buffer.append(chunk)
  }

  /** @throws ProtocolError on garbage, on streamed aggregates and past the limits */
  next(): boolean {
    const { buffer } = this
    if (buffer.length === 0) {
      // an idle connection keeps no chunk alive
      buffer.clear()
      this.handedOut = none
      return false
    }
    if (buffer.length < this.needed || !this.scan()) return false
    const { start } = buffer
    this.type = this.frameType
    this.start = start
    this.end = start + this.at
    buffer.start = this.end
    this.handedOut = buffer.bytes
    this.at = 0
    this.seen = 0
    this.needed = 0
    this.open = 1
    return true
  }

  /** The reply last found, as a view. */
  slice(): Buffer {
    return this.handedOut.subarray(this.start, this.end)
  }

  /** Goes on as far as there are bytes. True: the frame is whole. */
  private scan(): boolean {
    const { bytes, start, end } = this.buffer
    const { around } = this
    const { bulkBytes, frameBytes, inlineBytes } = this.limits
    const limit = Math.min(end, start + frameBytes)
    const lineBytes = Math.min(inlineBytes, shortLine)
    let at = start + this.at
    let open = this.open
    for (;;) {
      while (open === 0 && around.length > 0) open = around.pop() ?? 0
      if (open === 0 || at >= end) break
      const type = bytes[at] ?? 0
      // nearly all elements are strings that are there as a whole, and short lines
      let after = -1
      if (type === replyType.bulk) after = wholeBulk(bytes, at + 1, limit, bulkBytes)
      else if (type === replyType.simple || type === replyType.integer)
        after = wholeLine(bytes, at + 1, limit, lineBytes)
      if (after < 0) after = this.step(type, at)
      if (after < 0) break
      at = after
      if (at - start > frameBytes) throw new ProtocolError(tooLarge)
      // an attribute is no element of its own: the one that it describes follows it
      if (type !== replyType.attribute) {
        if (around.length === 0) this.frameType = type
        open--
      }
      if (isAggregate(type)) {
        around.push(open)
        open = type === replyType.map || type === replyType.attribute ? 2 * header.value : header.value
        if (open < 0) open = 0
      }
    }
    this.at = at - start
    this.open = open
    return open === 0
  }

  /** Steps over one element; of an aggregate over its header. @returns where the next one begins; -1: incomplete */
  private step(type: number, from: number): number {
    switch (type) {
      case replyType.bulk:
      case replyType.bulkError:
      case replyType.verbatim:
        return this.bulk(from)
      case replyType.simple:
      case replyType.error:
      case replyType.integer:
      case replyType.null:
      case replyType.boolean:
      case replyType.double:
      case replyType.bigNumber:
        return this.line(from)
      case replyType.array:
      case replyType.set:
      case replyType.push:
      case replyType.map:
      case replyType.attribute:
        return this.aggregate(from)
      default:
        throw new ProtocolError(`a reply cannot begin with byte ${String(type)}`)
    }
  }

  private line(from: number): number {
    const { bytes, start, end } = this.buffer
    const { frameBytes, inlineBytes } = this.limits
    // what the frame has left, without the CRLF
    const room = frameBytes - (from + 3 - start)
    const line =
      room < inlineBytes
        ? lineEnd(bytes, from + 1, end, room, tooLarge, start + this.seen)
        : lineEnd(bytes, from + 1, end, inlineBytes, 'reply line too long', start + this.seen)
    if (line >= 0) return line + 2
    // the last byte may be the CR
    this.seen = end - 1 - start
    return -1
  }

  private bulk(from: number): number {
    const { bytes, start, end } = this.buffer
    if (bytes[from + 1] === question && from + 1 < end)
      throw new ProtocolError('streamed strings are not supported')
    if (!header.read(bytes, from + 1, end, 'invalid length in a reply')) return -1
    const length = header.value
    if (length < -1 || length > this.limits.bulkBytes) throw new ProtocolError('invalid length in a reply')
    if (length === -1) return header.end + 2
    const to = header.end + 2 + length
    if (to + 2 - start > this.limits.frameBytes) throw new ProtocolError(tooLarge)
    if (to + 2 > end) {
      this.needed = to + 2 - start
      return -1
    }
    if (bytes[to] !== cr || bytes[to + 1] !== lf) throw new ProtocolError('expected CRLF after a bulk string')
    return to + 2
  }

  private aggregate(from: number): number {
    const { bytes, end } = this.buffer
    if (bytes[from + 1] === question && from + 1 < end)
      throw new ProtocolError('streamed aggregates are not supported')
    if (!header.read(bytes, from + 1, end, 'invalid count in a reply')) return -1
    if (header.value < -1 || header.value > this.limits.elements)
      throw new ProtocolError('invalid count in a reply')
    if (this.around.length >= this.limits.depth) throw new ProtocolError('a reply is nested too deeply')
    return header.end + 2
  }
}

/** Where the bulk string ends whose length begins at `from`; -1 unless it is there as a whole and sound. */
function wholeBulk(bytes: Buffer, from: number, end: number, limit: number): number {
  if (!header.readPlain(bytes, from, end)) return -1
  const to = header.end + 2 + header.value
  return header.value <= limit && to + 2 <= end && bytes[to] === cr && bytes[to + 1] === lf ? to + 2 : -1
}

/** The same for a line of at most `limit` bytes. */
function wholeLine(bytes: Buffer, from: number, end: number, limit: number): number {
  const cap = Math.min(end - 1, from + limit + 1)
  for (let i = from; i < cap; i++) if (bytes[i] === cr) return bytes[i + 1] === lf ? i + 2 : -1
  return -1
}

function isAggregate(type: number): boolean {
  return (
    type === replyType.array ||
    type === replyType.map ||
    type === replyType.set ||
    type === replyType.push ||
    type === replyType.attribute
  )
}
