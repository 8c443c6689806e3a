import type { Command } from './command.ts'
import type { Traffic } from './traffic.ts'

export interface HeldCommand {
  readonly command: Command
  /** Its answer when that may be told without a confirmation; null: only confirmed. */
  readonly answer: Buffer | null
}

interface Batch {
  readonly buffers: Buffer[]
  readonly commands: HeldCommand[]
  bytes: number
  /** When the first of it came. */
  sinceMs: number
}

/**
 * A session's answers that nobody may see yet. They leave in order, those first that had arrived before the confirmation
 * began that has just succeeded.
 */
export class HeldAnswers {
  private next: Batch = emptyBatch()
  private round: Batch = emptyBatch()
  private readonly traffic: Traffic
  private readonly now: () => number

  constructor(traffic: Traffic, now: () => number) {
    this.traffic = traffic
    this.now = now
  }

  get bytes(): number {
    return this.next.bytes + this.round.bytes
  }

  get empty(): boolean {
    return this.next.buffers.length === 0 && this.round.buffers.length === 0
  }

  get commands(): number {
    return this.next.commands.length + this.round.commands.length
  }

  /** When the oldest answer came; undefined when none is held. */
  get oldestMs(): number | undefined {
    if (this.round.commands.length > 0) return this.round.sinceMs
    return this.next.commands.length > 0 ? this.next.sinceMs : undefined
  }

  /** @param sole its answer may be told even when the primary is over: it says nothing about data */
  add(command: Command, answer: Buffer, sole: boolean): void {
    this.addBytes(answer)
    this.next.commands.push({ command, answer: sole ? answer : null })
    this.traffic.held++
  }

  /** The answers of several plain commands in one piece. */
  addRun(commands: readonly Command[], answers: Buffer): void {
    this.addBytes(answers)
    for (const command of commands) this.next.commands.push({ command, answer: null })
    this.traffic.held += commands.length
  }

  /** Bytes that answer no command of their own: a message of a subscription. */
  addBytes(bytes: Buffer): void {
    if (this.next.buffers.length === 0) this.next.sinceMs = this.now()
    this.next.buffers.push(bytes)
    this.next.bytes += bytes.length
  }

  beginRound(): void {
    if (this.next.buffers.length === 0) return
    if (this.round.buffers.length === 0) {
      const { round } = this
      this.round = this.next
      this.next = round
      return
    }
    for (const buffer of this.next.buffers) this.round.buffers.push(buffer)
    for (const command of this.next.commands) this.round.commands.push(command)
    this.round.bytes += this.next.bytes
    this.next = emptyBatch()
  }

  /** What the round that has just succeeded confirms. */
  confirmed(): { readonly buffers: readonly Buffer[]; readonly commands: readonly HeldCommand[] } {
    const { round } = this
    this.round = emptyBatch()
    this.traffic.held -= round.commands.length
    return round
  }

  /** Gives everything up: nothing of it is told by its own answer unless that is said. */
  drain(): HeldCommand[] {
    const commands = [...this.round.commands, ...this.next.commands]
    this.round = emptyBatch()
    this.next = emptyBatch()
    this.traffic.held -= commands.length
    return commands
  }
}

function emptyBatch(): Batch {
  return { buffers: [], commands: [], bytes: 0, sinceMs: 0 }
}
