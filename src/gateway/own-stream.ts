import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Hub } from './hub.ts'
import { MessageGate } from './message-gate.ts'
import type { SessionState } from './session-state.ts'
import { Subscriptions, type Streamed } from './subscriptions.ts'

export interface OwnStreamHost {
  readonly deliver: (bytes: Buffer) => void
  /** A reply. */
  readonly reply: (bytes: Buffer, type: number) => void
  /** The connection is there. */
  readonly isOpen: () => boolean
  /** A command is not answered, though Redis may have answered it. */
  readonly isUnderWay: () => boolean
  readonly pause: () => void
  readonly resume: () => void
}

/** What comes on a session's own connection, in its order: replies, and what is streamed between them. */
export class OwnStream {
  readonly subscriptions: Subscriptions
  private readonly hub: Hub
  private readonly host: OwnStreamHost
  private readonly gate: MessageGate

  constructor(hub: Hub, state: SessionState, host: OwnStreamHost) {
    this.hub = hub
    this.host = host
    this.subscriptions = new Subscriptions(state, (bytes, what) => {
      this.streamed(bytes, what)
    })
    this.gate = new MessageGate({
      confirm: hub.confirm,
      limitBytes: () => hub.limits.answerBytes,
      onFull: host.pause,
      onEmpty: host.resume,
    })
  }

  read(framer: ReplyFramer): void {
    while (this.host.isOpen() && framer.next()) {
      const { type } = framer
      const bytes = framer.slice()
      if (!this.gate.waiting) this.take(bytes, type)
      else {
        const copy = Buffer.from(bytes)
        this.gate.add(copy.length, () => {
          this.take(copy, type)
        })
      }
    }
  }

  /** The connection is gone, and what it streamed. */
  clear(): void {
    this.gate.clear()
  }

  private take(bytes: Buffer, type: number): void {
    if (!this.subscriptions.take(bytes, type)) this.host.reply(bytes, type)
  }

  private streamed(bytes: Buffer, what: Streamed): void {
    if (what === 'invalidation' && isOurs(bytes)) return
    if (!this.mustWait(what)) this.host.deliver(bytes)
    else
      this.gate.add(bytes.length, () => {
        this.host.deliver(bytes)
      })
  }

  /**
   * An answer may wait for its confirmation, and the invalidation of what it says must not come before it: the client would keep it
   * for ever. A confirmation that is asked for later succeeds later.
   */
  private mustWait(what: Streamed): boolean {
    if (what === 'invalidation') return this.host.isUnderWay()
    return what === 'message' && !this.gate.open && this.hub.ack !== 0
  }
}

/** Of the gateway's own keys, which its scripts read and write on this connection too. */
function isOurs(bytes: Buffer): boolean {
  return bytes[0] === replyType.push && ours.test(bytes.toString('latin1', 0, 96))
}

const ours = /^>2\r\n\$10\r\ninvalidate\r\n\*1\r\n\$\d+\r\nholdfast:(?:marker:|record\r|probe\r)/
