import { ProtocolError } from './protocol-error.ts'

const minus = 45
const cr = 13
const lf = 10
const zero = 48

/** Longest length line that can mean anything: sign and 20 digits, as redis-server reads them. */
const longest = 32
/** Every number of as many digits is exact. */
const mostDigits = 15

/**
 * Position of the CR of the line that begins at `from`, or -1 when the line is not complete.
 * @param seen up to here an earlier look has found no line end
 * @throws ProtocolError(what) when the line is longer than the limit
 */
export function lineEnd(
  bytes: Buffer,
  from: number,
  end: number,
  limit: number,
  what: string,
  seen = from,
): number {
  const cap = Math.min(end, from + limit + 1)
  for (let i = Math.max(from, seen); i < cap; i++) {
    if (bytes[i] === cr) {
      if (i + 1 >= end) return -1
      if (bytes[i + 1] === lf) return i
      throw new ProtocolError('CR without LF')
    }
  }
  if (end - from > limit) throw new ProtocolError(what)
  return -1
}

/** The short lines that hold a length or a count. */
export class LengthLine {
  /** Of the line last read: its number, and the position of its CR. */
  value = 0
  end = 0
  private readonly tooLong: string

  /** @param tooLong the error's words */
  constructor(tooLong: string) {
    this.tooLong = tooLong
  }

  /** @returns false when the line is not complete. @throws ProtocolError(what) when it is no number, or not a safe one */
  read(bytes: Buffer, from: number, end: number, what: string): boolean {
    if (this.readPlain(bytes, from, end)) return true
    const line = lineEnd(bytes, from, end, longest, this.tooLong)
    if (line < 0) return false
    this.value = readInteger(bytes, from, line, what)
    this.end = line
    return true
  }

  /** Reads what nearly all of these lines are: digits, and the whole line there. @returns false when it is not that */
  readPlain(bytes: Buffer, from: number, end: number): boolean {
    const cap = Math.min(end, from + mostDigits)
    let value = 0
    let i = from
    for (; i < cap; i++) {
      const digit = (bytes[i] ?? 0) - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const plain = i > from && (bytes[from] !== zero || i === from + 1)
    if (!plain || i + 1 >= end || bytes[i] !== cr || bytes[i + 1] !== lf) return false
    this.value = value
    this.end = i
    return true
  }
}

/**
 * The decimal integer in [from, to), as strict as redis-server (string2ll): no leading zero, no +. What it would refuse must
 * not reach it on a connection that others share.
 * @throws ProtocolError(what) when it is none, or not safe
 */
export function readInteger(bytes: Buffer, from: number, to: number, what: string): number {
  let i = from
  const negative = bytes[i] === minus
  if (negative) i++
  if (i >= to || to - i > mostDigits) throw new ProtocolError(what)
  if (bytes[i] === zero && (negative || to - i > 1)) throw new ProtocolError(what)
  let value = 0
  for (; i < to; i++) {
    const digit = (bytes[i] ?? 0) - zero
    if (digit < 0 || digit > 9) throw new ProtocolError(what)
    value = value * 10 + digit
  }
  return negative ? -value : value
}
