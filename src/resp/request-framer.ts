import { ByteBuffer } from './byte-buffer.ts'
import { commandName } from './command-name.ts'
import { LengthLine } from './integer.ts'
import type { FrameLimits } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { inlineRequest, Request } from './request.ts'

const star = 42
const dollar = 36
const lf = 10
const cr = 13
/** What redis-server takes at most of whoever is known (networking.c; proto-max-bulk-len's default). */
const mostElements = 2 ** 31 - 1
const mostBulkBytes = 512 * 2 ** 20
const countLine = new LengthLine('too big mbulk count string')
const lengthLine = new LengthLine('too big bulk count string')

/**
 * Cuts a client's bytes into commands. Any split of the bytes gives the same commands. Error words are redis-server's own,
 * so that a client sees what it would see there.
 */
export class RequestFramer {
  limits: FrameLimits
  private readonly buffer = new ByteBuffer()
  /** Of the frame under way, relative to its start: where scanning goes on, arguments seen and expected (-1: none yet). */
  private at = 0
  private seen = 0
  private expected = -1
  private nameFrom = 0
  private nameTo = 0
  /** Nothing can be gained before this many bytes of the frame are there. */
  private needed = 0

  constructor(limits: FrameLimits) {
    this.limits = limits
  }

  /** Bytes that wait for the rest of their frame, or for `next`. */
  get pendingBytes(): number {
    return this.buffer.length
  }

  /** @param chunk copied: its memory may be written again after this call */
  push(chunk: Buffer): void {
    this.buffer.append(chunk, true)
  }

  /** @returns the next whole command, or null until more bytes arrive. @throws ProtocolError */
  next(): Request | null {
    const { buffer } = this
    while (buffer.length > 0 && buffer.length >= this.needed) {
      if (this.expected < 0) {
        if (buffer.bytes[buffer.start] !== star) {
          const found = this.inline()
          if (found === 'incomplete') return null
          if (found !== null) return found
          continue
        }
        if (!this.header()) return null
        if (this.expected <= 0) {
          // redis-server ignores a request of no arguments
          buffer.consume(this.at)
          this.reset()
          continue
        }
      }
      if (!this.body()) return null
      return this.complete()
    }
    return null
  }

  private header(): boolean {
    const { bytes, start, end } = this.buffer
    if (!countLine.read(bytes, start + 1, end, 'invalid multibulk length')) return false
    const count = countLine.value
    if (count > this.limits.elements)
      throw new ProtocolError(`${this.excess(count, mostElements)} multibulk length`)
    this.expected = Math.max(0, count)
    this.at = countLine.end + 2 - start
    return true
  }

  private body(): boolean {
    const { bytes, start, end } = this.buffer
    const { limits, expected } = this
    let { seen } = this
    let from = start + this.at
    while (seen < expected && from < end) {
      const type = bytes[from] ?? 0
      if (type !== dollar) throw new ProtocolError(`expected '$', got '${printable(type)}'`)
      if (!lengthLine.read(bytes, from + 1, end, 'invalid bulk length')) break
      const length = lengthLine.value
      if (length < 0 || length > limits.bulkBytes)
        throw new ProtocolError(`${this.excess(length, mostBulkBytes)} bulk length`)
      const to = lengthLine.end + 2 + length
      if (to + 2 - start > limits.frameBytes) throw new ProtocolError('invalid request length')
      if (to + 2 > end) {
        this.needed = to + 2 - start
        break
      }
      if (bytes[to] !== cr || bytes[to + 1] !== lf)
        throw new ProtocolError('expected CRLF after a bulk string')
      if (seen === 0) {
        this.nameFrom = to - length - start
        this.nameTo = to - start
      }
      seen++
      from = to + 2
    }
    this.seen = seen
    this.at = from - start
    return seen === expected
  }

  /** Past anybody's limit it is invalid, also from a stranger. */
  private excess(size: number, most: number): string {
    return size < 0 || size > most ? 'invalid' : (this.limits.excess ?? 'invalid')
  }

  private complete(): Request {
    const { bytes, start } = this.buffer
    const name = commandName(bytes, start + this.nameFrom, start + this.nameTo)
    const request = new Request(bytes, start, start + this.at, name, this.expected, null)
    this.buffer.consume(this.at)
    this.reset()
    return request
  }

  private inline(): Request | null | 'incomplete' {
    const { bytes, start, end } = this.buffer
    const found = bytes.subarray(start, end).indexOf(lf, this.at)
    if (found < 0 || found > this.limits.inlineBytes) {
      if (this.buffer.length > this.limits.inlineBytes) throw new ProtocolError('too big inline request')
      this.at = this.buffer.length
      return 'incomplete'
    }
    const to = start + found
    const line = bytes.toString('latin1', start, bytes[to - 1] === cr && to > start ? to - 1 : to)
    const request = inlineRequest(line)
    this.buffer.consume(found + 1)
    this.reset()
    return request
  }

  private reset(): void {
    this.at = 0
    this.seen = 0
    this.expected = -1
    this.needed = 0
  }
}

function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
