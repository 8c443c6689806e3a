import type { ControlMessage } from '../insync/record.ts'

export interface HoldOptions {
  /** Whether a promoted node must pass a gate before it serves. */
  readonly gated: boolean
  /** Nothing of any session is in flight or unconfirmed. */
  readonly quiet: () => boolean
  readonly publishHeld: (id: string) => void
  readonly onRelease: (why: string) => void
}

const checkMs = 2
/** A hold that never ends would be an outage: no switchover takes longer. */
const longestMs = 30_000
/** A promotion that nobody heard of after this has come to nothing. */
const promotionMs = 3000
const promotionId = 'promotion'

/** A switchover's request that nothing new is sent, until it is released, runs out, or another primary is there. */
export class Hold {
  private readonly options: HoldOptions
  /** It was said that nothing is under way any more. */
  published = false
  private id: string | null = null
  private expiry: NodeJS.Timeout | null = null
  private check: NodeJS.Timeout | null = null

  constructor(options: HoldOptions) {
    this.options = options
  }

  get active(): boolean {
    return this.id !== null
  }

  obey(message: ControlMessage): void {
    switch (message.type) {
      case 'hold':
        this.begin(message.id, Math.min(message.forMs, longestMs))
        break
      case 'release':
        if (message.id === this.id) this.release('released')
        break
      case 'held':
        break
      default:
        message satisfies never
    }
  }

  /**
   * A sentinel says whom it promotes. Without a gate, what the old primary is sent from then on may be acknowledged by a replica that
   * has not heard of it, and is then lost: with 8 writers a planned failover lost 4,000 to 8,700 answered commands (measured). It
   * says so some 100 ms before it does it, and a majority names the other node about a second later.
   */
  promoting(): void {
    if (!this.options.gated && !this.active) this.begin(promotionId, promotionMs)
  }

  release(why: string): void {
    if (this.expiry !== null) clearTimeout(this.expiry)
    if (this.check !== null) clearInterval(this.check)
    this.expiry = null
    this.check = null
    this.published = false
    if (this.id === null) return
    this.id = null
    this.options.onRelease(why)
  }

  private begin(id: string, forMs: number): void {
    this.release('another hold')
    this.id = id
    this.expiry = setTimeout(() => {
      this.release('it ran out')
    }, forMs)
    this.check = setInterval(() => {
      if (!this.options.quiet()) return
      if (this.check !== null) clearInterval(this.check)
      this.check = null
      this.published = true
      if (id !== promotionId) this.options.publishHeld(id)
    }, checkMs)
  }
}

/** @returns null when the payload is no message of ours */
export function readControlMessage(payload: string): ControlMessage | null {
  try {
    const value: unknown = JSON.parse(payload)
    if (typeof value !== 'object' || value === null || !('type' in value) || !('id' in value)) return null
    if (typeof value.id !== 'string') return null
    const { id } = value
    if (value.type === 'release') return { type: 'release', id }
    if (value.type === 'hold' && 'forMs' in value && typeof value.forMs === 'number')
      return { type: 'hold', id, forMs: value.forMs }
    return null
  } catch {
    return null
  }
}
