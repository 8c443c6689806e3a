import { replyType } from '../resp/reply-framer.ts'

const lf = 10
const minus = 45

/** Walks over the elements of one array reply that is known to be whole and sound. */
export class ElementReader {
  readonly bytes: Buffer
  /** How many elements there are. */
  readonly count: number
  at: number

  constructor(bytes: Buffer, start: number) {
    this.bytes = bytes
    this.at = start
    this.count = this.number()
  }

  /** Steps over one element and returns where it ends. */
  skip(): number {
    const { bytes } = this
    let open = 1
    while (open > 0) {
      open--
      const type = bytes[this.at] ?? 0
      switch (type) {
        case replyType.bulk:
        case replyType.bulkError:
        case replyType.verbatim: {
          const length = this.number()
          if (length >= 0) this.at += length + 2
          break
        }
        case replyType.array:
        case replyType.set:
        case replyType.push:
          open += Math.max(0, this.number())
          break
        case replyType.map:
          open += 2 * Math.max(0, this.number())
          break
        default:
          this.at = bytes.indexOf(lf, this.at) + 1
      }
    }
    return this.at
  }

  skipMany(count: number): void {
    for (let i = 0; i < count; i++) this.skip()
  }

  /** A status or bulk as text, an integer as its digits; null for a null. */
  text(): string | null {
    const { bytes } = this
    const type = bytes[this.at]
    if (type === replyType.bulk) {
      const length = this.number()
      if (length < 0) return null
      const text = bytes.toString('latin1', this.at, this.at + length)
      this.at += length + 2
      return text
    }
    const from = this.at + 1
    this.at = bytes.indexOf(lf, from) + 1
    return type === replyType.null ? null : bytes.toString('latin1', from, this.at - 2)
  }

  /** The number behind the type at the present place; steps over its line. */
  private number(): number {
    const { bytes } = this
    let i = this.at + 1
    const negative = bytes[i] === minus
    if (negative) i++
    let value = 0
    for (let byte = bytes[i] ?? 0; byte >= 48 && byte <= 57; byte = bytes[++i] ?? 0)
      value = value * 10 + byte - 48
    this.at = i + 2
    return negative ? -value : value
  }
}
