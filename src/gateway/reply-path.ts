import { decodeReply, type Reply } from '../resp/decode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Command } from './command.ts'
import { Fifo } from './fifo.ts'
import type { HeldAnswers } from './held-answers.ts'
import { refusalOf, settleRefused, type Answered } from './outcome.ts'
import type { SessionState } from './session-state.ts'
import { tryAgain } from './words.ts'

export interface ReplyHost {
  readonly replayable: (command: Command) => boolean
  /** A sent command is answered (or given up). */
  readonly answered: (command: Command) => void
  /** Passed on at once, unless something of the session is held. */
  readonly stream: (bytes: Buffer) => void
  /** To be sent again, in order, before everything that waits. `fresh`: on a new connection. */
  readonly again: (commands: readonly Command[], fresh: boolean) => void
  readonly stateChanged: () => void
  /** The server sent what no command asked for. */
  readonly broken: (why: string) => void
}

const subscriptionWord = /^[ps]?(?:un)?subscribe$/
const longestErrorPrefix = 120

/** Brings replies to the commands they answer, and keeps the session's state by them. */
export class ReplyPath {
  readonly sent = new Fifo<Command>()
  readonly held: HeldAnswers
  private readonly state: SessionState
  private readonly host: ReplyHost
  /** Something was refused: replies are collected until the last sent command is answered. */
  private collected: Answered[] | null = null
  /** A transaction's answers of which the client has seen none. */
  private block: Answered[] | null = null
  private freshNeeded = false
  private subscriptionsLeft = 0

  constructor(held: HeldAnswers, state: SessionState, host: ReplyHost) {
    this.held = held
    this.state = state
    this.host = host
  }

  get collecting(): boolean {
    return this.collected !== null
  }

  /** A subscription of several channels is answered in part. */
  get torn(): boolean {
    return this.subscriptionsLeft > 0
  }

  /** The whole of what the framer has. */
  read(framer: ReplyFramer): void {
    const { sent, state, host } = this
    let bytes: Buffer | null = null
    let start = 0
    let end = 0
    let run: Command[] = []
    const flush = (): void => {
      if (bytes === null) return
      this.held.addRun(run, bytes.subarray(start, end))
      bytes = null
      run = []
    }
    while (framer.next()) {
      const { type } = framer
      const head = sent.peek()
      const mayStream =
        type === replyType.push ||
        (type === replyType.array &&
          (head === undefined || head.kind === 'subscription' || state.subscribed)) ||
        (type === replyType.simple && state.monitoring)
      if (mayStream) {
        flush()
        if (this.streamed(framer)) {
          this.takeLocal()
          continue
        }
      }
      const command = sent.shift()
      if (command === undefined) {
        flush()
        host.broken('a reply without a command')
        return
      }
      host.answered(command)
      const plain = command.kind === 'plain' && command.answer === null && type !== replyType.error
      if (plain && this.collected === null && this.block === null) {
        if (bytes === null) {
          bytes = framer.bytes
          start = framer.start
        }
        end = framer.end
        run.push(command)
      } else {
        flush()
        this.special(command, framer.slice(), type)
      }
      if (sent.peek()?.request === null) {
        flush()
        this.takeLocal()
      }
    }
    flush()
    if (sent.length === 0) this.drained()
  }

  /** All that is sent, or answered and not even held: their answers will not come. The state of this is then as new. */
  giveUp(): { readonly collected: readonly Answered[] | null; readonly commands: Command[] } {
    const sent = this.sent.drain()
    for (const command of sent) if (command.request !== null) this.host.answered(command)
    const { collected } = this
    const commands = [...(this.block ?? []).map((one) => one.command), ...sent]
    this.collected = null
    this.block = null
    this.freshNeeded = false
    this.subscriptionsLeft = 0
    return { collected, commands }
  }

  /** An answer that is known: the state follows it, and it is held for its confirmation. */
  finish(command: Command, reply: Buffer): void {
    const failed = reply[0] === replyType.error || reply[0] === replyType.bulkError
    if (command.kind !== 'plain' && command.request !== null) {
      if (!failed) this.state.accept(command.request)
      // an EXEC that fails has ended its transaction all the same, but for one of wrong arity
      else if (command.kind === 'exec' && command.request.argc === 1) this.state.accept(command.request)
    }
    const aboutData = command.request !== null && (command.kind === 'plain' || command.kind === 'exec')
    this.held.add(command, command.answer ?? reply, !aboutData)
    if (command.kind !== 'plain') this.host.stateChanged()
  }

  /** Answers of the gateway's own whose turn it is. */
  private takeLocal(): void {
    for (let next = this.sent.peek(); next?.request === null; next = this.sent.peek()) {
      this.sent.shift()
      this.place({ command: next, reply: next.answer ?? nothing, refused: false, replayable: true })
    }
  }

  private special(command: Command, reply: Buffer, type: number): void {
    const error = type === replyType.error
    const refused = error && refusalOf(reply.toString('latin1', 0, longestErrorPrefix)) !== null
    const queued = type === replyType.simple && reply.equals(queuedReply)
    const dropped = error && reply.toString('latin1', 0, 10) === '-EXECABORT'
    const replayable = queued || dropped || command.kind === 'multi' || this.host.replayable(command)
    const entry: Answered = { command, reply: command.answer ?? reply, refused, replayable }
    if (this.collected === null && refused) {
      if (this.state.inMulti && this.block === null) {
        // The client has seen the beginning of this transaction. Redis aborts it now, at EXEC, by its own rules.
        this.finish(command, command.kind === 'exec' ? reply : tryAgain(reply))
        return
      }
      this.freshNeeded = this.block !== null
      this.collected = this.block ?? []
      this.block = null
      if (this.freshNeeded) this.state.inMulti = false
    }
    this.place(entry)
  }

  private place(entry: Answered): void {
    if (this.collected !== null) {
      this.collected.push(entry)
      return
    }
    const { kind } = entry.command
    if (kind === 'multi' && entry.reply[0] !== replyType.error) {
      this.state.inMulti = true
      this.block = [entry]
      return
    }
    if (this.block === null) {
      this.finish(entry.command, entry.reply)
      return
    }
    this.block.push(entry)
    if (kind === 'exec' || kind === 'discard' || kind === 'reset') this.flushBlock()
  }

  private flushBlock(): void {
    const block = this.block ?? []
    this.block = null
    for (const { command, reply } of block) this.finish(command, reply)
  }

  /** Nothing more is to come: what was collected is settled, and a transaction's first answers are given. */
  private drained(): void {
    this.flushBlock()
    const { collected } = this
    if (collected === null) return
    this.collected = null
    const { deliver, again } = settleRefused(collected)
    const refusal = collected.find((one) => one.refused)?.reply ?? nothing
    for (const { command, reply } of deliver)
      this.finish(command, reply === 'refused' ? tryAgain(refusal) : reply)
    const fresh = this.freshNeeded
    this.freshNeeded = false
    this.host.again(again, fresh)
  }

  /** @returns false: it is an ordinary reply after all */
  private streamed(framer: ReplyFramer): boolean {
    const bytes = framer.slice()
    if (framer.type === replyType.simple) {
      // MONITOR's lines begin with a time
      if (!/^\+\d+\.\d+ \[/.test(bytes.toString('latin1', 0, 40))) return false
      this.host.stream(bytes)
      return true
    }
    const reply: Reply = decodeReply(bytes)
    const word = Array.isArray(reply) ? (reply as readonly Reply[])[0] : null
    const head = this.sent.peek()
    if (typeof word === 'string' && subscriptionWord.test(word) && head?.kind === 'subscription') {
      this.subscribed(head, reply, bytes)
      return true
    }
    const message = word === 'message' || word === 'pmessage' || word === 'smessage'
    if (framer.type !== replyType.push && !message) return false
    this.host.stream(bytes)
    return true
  }

  private subscribed(command: Command, reply: Reply, bytes: Buffer): void {
    if (this.collected !== null || command.request === null) {
      this.host.broken('a subscription behind a command that was refused')
      return
    }
    if (this.subscriptionsLeft === 0) this.subscriptionsLeft = this.state.subscriptionReplies(command.request)
    this.state.acceptSubscription(reply)
    this.subscriptionsLeft--
    if (this.subscriptionsLeft > 0) {
      this.held.addBytes(bytes)
      return
    }
    this.sent.shift()
    this.host.answered(command)
    this.held.add(command, bytes, true)
  }
}

const nothing = Buffer.alloc(0)
const queuedReply = Buffer.from('+QUEUED\r\n')
