import { ProtocolError } from './protocol-error.ts'

const minus = 45
const cr = 13
const lf = 10

/** Longest length line that can mean anything: sign and 20 digits, as redis-server reads them. */
const longest = 32

/** Position of the CR of the line that begins at `from`, or -1 when the line is not complete. */
export function lineEnd(bytes: Buffer, from: number, end: number, limit: number, what: string): number {
  const cap = Math.min(end, from + limit + 1)
  for (let i = from; i < cap; i++) {
    if (bytes[i] === cr) {
      if (i + 1 >= end) return -1
      if (bytes[i + 1] === lf) return i
      throw new ProtocolError(`${what}: CR without LF`)
    }
  }
  if (end - from > limit) throw new ProtocolError(what)
  return -1
}

/** Like {@link lineEnd} for the short lines that hold a length. */
export function lengthLineEnd(bytes: Buffer, from: number, end: number, what: string): number {
  return lineEnd(bytes, from, end, longest, what)
}

/** The decimal integer in [from, to). @throws ProtocolError(what) when it is none, or not safe */
export function readInteger(bytes: Buffer, from: number, to: number, what: string): number {
  let i = from
  const negative = bytes[i] === minus
  if (negative) i++
  if (i >= to || to - i > 15) throw new ProtocolError(what)
  let value = 0
  for (; i < to; i++) {
    const digit = (bytes[i] ?? 0) - 48
    if (digit < 0 || digit > 9) throw new ProtocolError(what)
    value = value * 10 + digit
  }
  return negative ? -value : value
}
