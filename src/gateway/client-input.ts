import { encodeError } from '../resp/encode.ts'
import { requestLimits, unauthenticatedLimits, type FrameLimits } from '../resp/limits.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { Command } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import type { Hub } from './hub.ts'
import type { SessionState } from './session-state.ts'

/** Commands of one session that may wait. */
const mostCommands = 100_000
/** Of a client that has not said who it is: all of them are answered by NOAUTH. */
const strangersCommands = 1000
const strangersBytes = 256 * 1024

/** Cuts a client's bytes into commands and puts them into its queue, no more than the limits allow. */
export class ClientInput {
  /** Nothing further is taken: it said QUIT, or what is no RESP. */
  closed = false
  /** The limits kept it from taking all that has come. */
  left = false
  /** What is to be said to what is no RESP, behind all answers. */
  complaint: Buffer | null = null
  private readonly hub: Hub
  private readonly state: SessionState
  private readonly queue: CommandQueue
  private readonly framer: RequestFramer
  /** AUTH or HELLO is under way: what the client may do, and how much it may send, is not known before it is answered. */
  private introducing = false

  constructor(hub: Hub, state: SessionState, queue: CommandQueue) {
    this.hub = hub
    this.state = state
    this.queue = queue
    this.framer = new RequestFramer(unauthenticatedLimits)
    this.applyLimits()
  }

  get pendingBytes(): number {
    return this.framer.pendingBytes
  }

  push(chunk: Buffer): void {
    this.framer.push(chunk)
  }

  /** @param underWay commands of the session that are sent and not answered */
  take(underWay: number): void {
    const nowMs = this.hub.now()
    this.applyLimits()
    this.left = true
    try {
      while (!this.closed && !this.full(underWay)) {
        const request = this.framer.next()
        if (request === null) {
          this.left = false
          return
        }
        this.queue.push(new Command(request, nowMs))
        const { name } = request
        if (name === 'QUIT') this.closed = true
        else if ((name === 'AUTH' || name === 'HELLO') && this.isStranger) this.introducing = true
      }
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      this.closed = true
      this.complaint = encodeError(`ERR Protocol error: ${words}`)
    }
  }

  /** They may have changed while the client is here. */
  private applyLimits(): void {
    this.framer.limits = this.isStranger ? unauthenticatedLimits : within(this.hub.limits.frameBytes)
  }

  private get isStranger(): boolean {
    return this.hub.strangers.refused && !this.state.known
  }

  full(underWay: number): boolean {
    const { limits, traffic } = this.hub
    const { isStranger } = this
    return (
      this.introducing ||
      this.queue.bytes > (isStranger ? strangersBytes : limits.parkedBytes) ||
      this.queue.length + underWay > (isStranger ? strangersCommands : mostCommands) ||
      (this.queue.length > 0 && traffic.parkedBytes > limits.allParkedBytes)
    )
  }

  /** An introduction was answered: the client may be known now. */
  introduced(): void {
    this.introducing = false
    this.applyLimits()
  }
}

const ofFrame = new Map<number, FrameLimits>()

function within(frameBytes: number): FrameLimits {
  const known = ofFrame.get(frameBytes)
  if (known !== undefined) return known
  const made = { ...requestLimits, frameBytes, bulkBytes: frameBytes }
  ofFrame.set(frameBytes, made)
  return made
}
