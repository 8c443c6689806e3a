import type { Command } from './command.ts'

/** Requests up to this size are copied together; larger ones leave as they are. */
const copiedBytes = 16_384

/** The bytes of several requests, in as few pieces as is worth it. Requests side by side in what arrived stay one piece. */
export class RequestBytes {
  private readonly pieces: Buffer[] = []
  private source: Buffer | null = null
  private start = 0
  private end = 0

  add(command: Command): void {
    const { request } = command
    if (command.replacement !== null || request.inline !== null) {
      this.addBytes(command.wire())
      return
    }
    if (this.source === request.bytes && this.end === request.start) {
      this.end = request.end
      return
    }
    this.close()
    this.source = request.bytes
    this.start = request.start
    this.end = request.end
  }

  addBytes(bytes: Buffer): void {
    this.close()
    this.pieces.push(bytes)
  }

  /** Everything, small pieces together. */
  take(): readonly Buffer[] {
    this.close()
    const { pieces } = this
    if (pieces.length < 2) return pieces
    const out: Buffer[] = []
    let run: Buffer[] = []
    const flush = (): void => {
      if (run.length === 1 && run[0] !== undefined) out.push(run[0])
      else if (run.length > 1) out.push(Buffer.concat(run))
      run = []
    }
    for (const piece of pieces) {
      if (piece.length <= copiedBytes) run.push(piece)
      else {
        flush()
        out.push(piece)
      }
    }
    flush()
    return out
  }

  private close(): void {
    if (this.source !== null) this.pieces.push(this.source.subarray(this.start, this.end))
    this.source = null
  }
}
