import { encodeError } from '../resp/encode.ts'
import { requestLimits, unauthenticatedLimits } from '../resp/limits.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { localAnswer, type Command } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import type { Hub } from './hub.ts'
import { intake, type IntakeState } from './intake.ts'
import type { SessionState } from './session-state.ts'

/** Cuts a client's bytes into commands and puts them into its queue, no more than the limits allow. */
export class ClientInput {
  /** Nothing further is taken: it said QUIT, or what is no RESP. */
  closed = false
  private readonly hub: Hub
  private readonly state: SessionState
  private readonly queue: CommandQueue
  private readonly framer: RequestFramer
  private readonly transaction: IntakeState = { inMulti: false }
  /** AUTH or HELLO is under way: what the client may do, and how much it may send, is not known before it is answered. */
  private introducing = false

  constructor(hub: Hub, state: SessionState, queue: CommandQueue) {
    this.hub = hub
    this.state = state
    this.queue = queue
    this.framer = new RequestFramer(hub.passwordRequired ? unauthenticatedLimits : requestLimits)
  }

  get pendingBytes(): number {
    return this.framer.pendingBytes
  }

  push(chunk: Buffer): void {
    this.framer.push(chunk)
  }

  /** @param underWay commands of the session that are sent and not answered */
  take(underWay: number): void {
    try {
      while (!this.closed && !this.full(underWay)) {
        const request = this.framer.next()
        if (request === null) return
        this.enqueue(intake(request, this.transaction, this.hub))
      }
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      this.enqueue(localAnswer(encodeError(`ERR Protocol error: ${words}`), 'quit', this.hub.now()))
    }
  }

  full(underWay: number): boolean {
    const { limits, traffic } = this.hub
    return (
      this.introducing ||
      this.queue.bytes > limits.parkedBytes ||
      this.queue.length + underWay > limits.parkedCommands ||
      (this.queue.length > 0 && traffic.parkedBytes > limits.allParkedBytes)
    )
  }

  /** A reply came: the client may be known now, or its introduction have failed. @param next sent and not answered */
  review(next: Command | undefined): void {
    if (this.state.authenticated) this.framer.limits = requestLimits
    this.introducing = [this.queue.peek(), next].some((command) => this.introduces(command))
  }

  private enqueue(command: Command): void {
    this.queue.push(command)
    if (command.kind === 'quit') this.closed = true
    this.introducing ||= this.introduces(command)
  }

  private introduces(command: Command | undefined): boolean {
    if (this.state.authenticated || !this.hub.passwordRequired) return false
    return command?.kind === 'auth' || command?.kind === 'hello'
  }
}
