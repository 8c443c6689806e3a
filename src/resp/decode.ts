import { ProtocolError } from './protocol-error.ts'
import { replyType } from './reply-framer.ts'

/** An error that the server answered with; its first word is the code. */
export class ReplyError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** Big numbers, doubles and verbatim strings come as text; maps as arrays of keys and values; attributes are left out. */
export type Reply = string | number | boolean | null | ReplyError | readonly Reply[]

/**
 * Decodes one whole reply as {@link ReplyFramer} cut it (UTF-8 text).
 * @throws ProtocolError when it is none
 */
export function decodeReply(bytes: Buffer): Reply {
  return new Decoder(bytes).value()
}

class Decoder {
  private readonly bytes: Buffer
  private at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  value(): Reply {
    const type = this.bytes[this.at]
    this.at++
    switch (type) {
      case replyType.simple:
      case replyType.double:
      case replyType.bigNumber:
        return this.line()
      case replyType.error:
        return new ReplyError(this.line())
      case replyType.integer:
        return Number(this.line())
      case replyType.null:
        this.line()
        return null
      case replyType.boolean:
        return this.line() === 't'
      case replyType.bulk:
        return this.bulk()
      case replyType.verbatim:
        return this.bulk()?.slice(4) ?? null
      case replyType.bulkError:
        return new ReplyError(this.bulk() ?? '')
      case replyType.array:
      case replyType.set:
      case replyType.push:
        return this.items(1)
      case replyType.map:
        return this.items(2)
      case replyType.attribute:
        this.items(2)
        return this.value()
      default:
        throw new ProtocolError('not a reply')
    }
  }

  private line(): string {
    const end = this.bytes.indexOf('\r\n', this.at)
    if (end < 0) throw new ProtocolError('a reply ends too early')
    const text = this.bytes.toString('utf8', this.at, end)
    this.at = end + 2
    return text
  }

  private bulk(): string | null {
    const length = Number(this.line())
    if (length < 0) return null
    const text = this.bytes.toString('utf8', this.at, this.at + length)
    this.at += length + 2
    return text
  }

  private items(each: 1 | 2): readonly Reply[] | null {
    const count = Number(this.line())
    return count < 0 ? null : Array.from({ length: count * each }, () => this.value())
  }
}
