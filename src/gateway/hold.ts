import type { ControlMessage } from '../insync/record.ts'

export interface HoldOptions {
  /** Nothing of any session is in flight or unconfirmed. */
  readonly quiet: () => boolean
  readonly publishHeld: (id: string) => void
  readonly onRelease: (why: string) => void
}

const checkMs = 2
/** A hold that never ends would be an outage: no switchover takes longer. */
const longestMs = 30_000

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
      this.options.publishHeld(id)
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
