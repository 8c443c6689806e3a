/**
 * Bytes that have arrived and are not consumed. A chunk that comes while nothing is pending is used as it is; otherwise the
 * rest moves into memory that grows by doubling, so that a large frame in small chunks costs linear time. Memory once handed
 * out as a slice is never written again.
 */
export class ByteBuffer {
  bytes: Buffer = empty
  start = 0
  end = 0
  private owned = false

  get length(): number {
    return this.end - this.start
  }

  /** @param lent the chunk's memory is written again after this call: it is copied */
  append(chunk: Buffer, lent = false): void {
    if (chunk.length === 0) return
    const pending = this.end - this.start
    if (pending === 0) {
      this.bytes = lent ? Buffer.from(chunk) : chunk
      this.start = 0
      this.end = chunk.length
      this.owned = false
      return
    }
    if (!this.owned || this.end + chunk.length > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * pending, pending + chunk.length, 1024))
      this.bytes.copy(grown, 0, this.start, this.end)
      this.bytes = grown
      this.start = 0
      this.end = pending
      this.owned = true
    }
    chunk.copy(this.bytes, this.end)
    this.end += chunk.length
  }

  consume(length: number): void {
    this.start += length
    if (this.start === this.end) this.clear()
  }

  clear(): void {
    this.bytes = empty
    this.start = 0
    this.end = 0
    this.owned = false
  }
}

const empty = Buffer.alloc(0)
