import type { Confirmable } from './confirmer.ts'

export interface MessageGateOptions {
  /** Asks for a round of confirmation. */
  readonly confirm: (one: Confirmable) => void
  /** More than so many bytes wait: nothing more should come for now. */
  readonly limitBytes: () => number
  readonly onFull: () => void
  readonly onEmpty: () => void
}

interface Held {
  readonly bytes: number
  readonly go: () => void
}

/**
 * Holds a published message, and what comes behind it, until a confirmation that began later has succeeded: a primary that was replaced
 * without noticing shows nobody a message, which the next primary, where the PUBLISH runs again, would show a second time.
 */
export class MessageGate implements Confirmable {
  /** What is held goes on now. */
  open = false
  private readonly options: MessageGateOptions
  private arrived: Held[] = []
  private inRound: Held[] = []
  private bytes = 0
  private asked = false

  constructor(options: MessageGateOptions) {
    this.options = options
  }

  get waiting(): boolean {
    return this.arrived.length + this.inRound.length > 0
  }

  add(bytes: number, go: () => void): void {
    const { limitBytes, onFull } = this.options
    this.arrived.push({ bytes, go })
    if (this.bytes <= limitBytes() && this.bytes + bytes > limitBytes()) onFull()
    this.bytes += bytes
    this.ask()
  }

  /** Nothing of it is shown: its connection is lost. */
  clear(): void {
    this.arrived = []
    this.inRound = []
    this.bytes = 0
  }

  beginRound(): void {
    this.inRound = this.inRound.concat(this.arrived)
    this.arrived = []
  }

  confirmed(): void {
    const { inRound } = this
    const full = this.bytes > this.options.limitBytes()
    this.inRound = []
    this.asked = false
    this.open = true
    for (const { bytes, go } of inRound) {
      this.bytes -= bytes
      go()
    }
    this.open = false
    if (full && this.bytes <= this.options.limitBytes()) this.options.onEmpty()
    if (this.waiting) this.ask()
  }

  private ask(): void {
    if (this.asked) return
    this.asked = true
    this.options.confirm(this)
  }
}
