import { replyType } from '../resp/reply-framer.ts'
import { ElementReader } from './batch-reply.ts'
import type { SessionState } from './session-state.ts'

const monitorLine = /^\+\d+\.\d+ \[/
const messages = /^(?:p|s)?message$/
const confirmations = /^(?:p|s)?(?:un)?subscribe$/

/** What a session's own connection streams: messages, MONITOR's lines, and the confirmations of subscriptions. */
export class Subscriptions {
  /** Confirmations of the present command that the client has seen, and that are still to come. */
  confirmed = 0
  awaited = 0
  private readonly state: SessionState
  private readonly deliver: (bytes: Buffer, published: boolean) => void
  /** Confirmations that the client has had before, from a connection that was lost. */
  private silent = 0
  private complete: () => void = () => undefined

  /** @param deliver is told whether somebody published it */
  constructor(state: SessionState, deliver: (bytes: Buffer, published: boolean) => void) {
    this.state = state
    this.deliver = deliver
  }

  /** @param silent how many of the confirmations the client is not to see */
  expect(awaited: number, silent: number, complete: () => void): void {
    this.awaited = awaited
    this.silent = silent
    this.complete = complete
  }

  /** @returns false: it is an ordinary reply */
  take(bytes: Buffer, type: number): boolean {
    const { state } = this
    if (type === replyType.simple) {
      if (!state.monitoring || !monitorLine.test(bytes.toString('latin1', 0, 40))) return false
      this.deliver(Buffer.from(bytes), false)
      return true
    }
    if (type !== replyType.push && type !== replyType.array) return false
    if (type === replyType.array && this.awaited === 0 && !state.subscribed) return false
    const reader = new ElementReader(bytes, 0)
    const kind = reader.count > 0 ? (reader.text() ?? '') : ''
    if (confirmations.test(kind) && this.awaited > 0) {
      this.confirm(kind, reader.text(), bytes)
      return true
    }
    if (type === replyType.array && !messages.test(kind)) return false
    this.deliver(Buffer.from(bytes), messages.test(kind))
    return true
  }

  private confirm(kind: string, channel: string | null, bytes: Buffer): void {
    this.awaited--
    if (channel !== null) this.state.acceptSubscription(kind, channel)
    if (this.silent > 0) this.silent--
    else {
      this.confirmed++
      this.deliver(Buffer.from(bytes), false)
    }
    if (this.awaited === 0) this.complete()
  }
}
