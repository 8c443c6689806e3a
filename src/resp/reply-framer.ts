import { ByteBuffer } from './byte-buffer.ts'
import { lengthLineEnd, lineEnd, readInteger } from './integer.ts'
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
const none = Buffer.alloc(0)

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
  /** Scan position relative to the frame's start, and the elements still to come on each level of nesting. */
  private at = 0
  private readonly left: number[] = []
  private frameType = 0
  private needed = 0
  private handedOut: Buffer = none
  private attributePending = false

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
    if (buffer.length < this.needed) return false
    const { start } = buffer
    const bytes = buffer.bytes
    for (;;) {
      const atTop = this.left.length === 0
      if (!this.element(atTop)) return false
      let level = this.left.length - 1
      while (level >= 0 && this.left[level] === 0) {
        this.left.pop()
        level--
      }
      if (level < 0) {
        if (this.attributePending) {
          this.attributePending = false
          continue
        }
        break
      }
    }
    this.type = this.frameType
    this.start = start
    this.end = start + this.at
    buffer.start = this.end
    this.handedOut = bytes
    this.at = 0
    this.frameType = 0
    this.needed = 0
    return true
  }

  /** The reply last found, as a view. */
  slice(): Buffer {
    return this.handedOut.subarray(this.start, this.end)
  }

  /** Steps over one element (an aggregate's header counts as one). False: incomplete, nothing has changed. */
  private element(atTop: boolean): boolean {
    const { bytes, start, end } = this.buffer
    const from = start + this.at
    if (from >= end) return false
    const type = bytes[from] ?? 0
    switch (type) {
      case replyType.simple:
      case replyType.error:
      case replyType.integer:
      case replyType.null:
      case replyType.boolean:
      case replyType.double:
      case replyType.bigNumber: {
        const line = lineEnd(bytes, from + 1, end, this.limits.inlineBytes, 'reply line too long')
        if (line < 0) return false
        this.advance(line + 2 - start, type, atTop)
        return true
      }
      case replyType.bulk:
      case replyType.bulkError:
      case replyType.verbatim:
        return this.bulk(from, type, atTop)
      case replyType.array:
      case replyType.set:
      case replyType.push:
      case replyType.map:
      case replyType.attribute:
        return this.aggregate(from, type, atTop)
      default:
        throw new ProtocolError(`a reply cannot begin with byte ${String(type)}`)
    }
  }

  private bulk(from: number, type: number, atTop: boolean): boolean {
    const { bytes, start, end } = this.buffer
    if (from + 1 >= end) return false
    if (bytes[from + 1] === 63) throw new ProtocolError('streamed strings are not supported')
    const line = lengthLineEnd(bytes, from + 1, end, 'reply length line too long')
    if (line < 0) return false
    const length = readInteger(bytes, from + 1, line, 'invalid length in a reply')
    if (length < -1 || length > this.limits.bulkBytes) throw new ProtocolError('invalid length in a reply')
    if (length === -1) {
      this.advance(line + 2 - start, type, atTop)
      return true
    }
    const to = line + 2 + length
    this.check(to + 2 - start)
    if (to + 2 > end) {
      this.needed = to + 2 - start
      return false
    }
    if (bytes[to] !== cr || bytes[to + 1] !== lf) throw new ProtocolError('expected CRLF after a bulk string')
    this.advance(to + 2 - start, type, atTop)
    return true
  }

  private aggregate(from: number, type: number, atTop: boolean): boolean {
    const { bytes, start, end } = this.buffer
    if (from + 1 >= end) return false
    if (bytes[from + 1] === 63) throw new ProtocolError('streamed aggregates are not supported')
    const line = lengthLineEnd(bytes, from + 1, end, 'reply length line too long')
    if (line < 0) return false
    const count = readInteger(bytes, from + 1, line, 'invalid count in a reply')
    if (count < -1 || count > this.limits.elements) throw new ProtocolError('invalid count in a reply')
    if (this.left.length >= this.limits.depth) throw new ProtocolError('a reply is nested too deeply')
    if (type === replyType.attribute) {
      // an attribute is no element of its own: the one it describes follows it
      if (atTop) this.attributePending = true
      else this.left[this.left.length - 1] = (this.left[this.left.length - 1] ?? 0) + 1
    }
    this.advance(line + 2 - start, type, atTop)
    const pairs = type === replyType.map || type === replyType.attribute
    this.left.push(Math.max(0, pairs ? 2 * count : count))
    return true
  }

  private advance(to: number, type: number, atTop: boolean): void {
    this.check(to)
    this.at = to
    if (atTop) {
      if (type !== replyType.attribute) this.frameType = type
      return
    }
    const level = this.left.length - 1
    this.left[level] = (this.left[level] ?? 0) - 1
  }

  private check(frameBytes: number): void {
    if (frameBytes > this.limits.frameBytes) throw new ProtocolError('a reply is larger than the limit')
  }
}
