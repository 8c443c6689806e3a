import { commandName } from './command-name.ts'
import { encodeCommand } from './encode.ts'
import { splitInline } from './inline.ts'
import { readInteger } from './integer.ts'

/**
 * One command, undecoded: a view into the bytes that arrived, or, of an inline command, the array that means the same.
 * Redis reads on past a NUL in an inline command, so none reaches a connection that others share.
 */
export class Request {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Upper case. Empty when it is longer than any command. */
  readonly name: string
  /** Arguments, the name included. */
  readonly argc: number
  /** The arguments of an inline command, decoded; null: it came as an array. */
  readonly inline: readonly string[] | null
  private offsets: number[] | null = null

  constructor(
    bytes: Buffer,
    start: number,
    end: number,
    name: string,
    argc: number,
    inline: readonly string[] | null,
  ) {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.name = name
    this.argc = argc
    this.inline = inline
  }

  get length(): number {
    return this.end - this.start
  }

  raw(): Buffer {
    return this.bytes.subarray(this.start, this.end)
  }

  /** Argument `index` (0: the name) as latin1 text: one character a byte. Undefined past the last. */
  arg(index: number): string | undefined {
    if (this.inline !== null) return this.inline[index]
    if (index < 0 || index >= this.argc) return undefined
    this.offsets ??= this.locate()
    const from = this.offsets[2 * index]
    const to = this.offsets[2 * index + 1]
    return from === undefined || to === undefined ? undefined : this.bytes.toString('latin1', from, to)
  }

  /** Argument in upper case, for keywords; empty past the last. */
  keyword(index: number): string {
    return (this.arg(index) ?? '').toUpperCase()
  }

  args(): string[] {
    return Array.from({ length: this.argc }, (_, index) => this.arg(index) ?? '')
  }

  private locate(): number[] {
    const offsets: number[] = []
    let at = this.bytes.indexOf(10, this.start) + 1
    for (let i = 0; i < this.argc; i++) {
      const lineFeed = this.bytes.indexOf(10, at)
      const length = readInteger(this.bytes, at + 1, lineFeed - 1, 'invalid bulk length')
      offsets.push(lineFeed + 1, lineFeed + 1 + length)
      at = lineFeed + 1 + length + 2
    }
    return offsets
  }
}

/** @param line latin1 text without its line end; null when it holds no command */
export function inlineRequest(line: string): Request | null {
  const parts = splitInline(line)
  const [first] = parts
  if (first === undefined) return null
  const bytes = encodeCommand(parts, 'latin1')
  const name = commandName(Buffer.from(first, 'latin1'), 0, first.length)
  return new Request(bytes, 0, bytes.length, name, parts.length, parts)
}
