import type { Socket } from 'node:net'
import type { Primary } from '../discovery/discovery.ts'
import { ClientInput } from './client-input.ts'
import { localAnswer, type Command } from './command.ts'
import { CommandQueue } from './command-queue.ts'
import { HeldAnswers, type HeldCommand } from './held-answers.ts'
import type { Hub } from './hub.ts'
import { isReplayable } from './command-table.ts'
import { lostInFlight, lostWhileCollecting, type Loss } from './losses.ts'
import { ReplyPath } from './reply-path.ts'
import { SessionState } from './session-state.ts'
import { Upstream } from './upstream.ts'
import { noPrimary, uncertain, unconfirmed } from './words.ts'
import { writeAll } from './write-all.ts'

const backOffMs = 20
/** A wait longer than this was parking, not a busy moment. */
const parkedFromMs = 50

/**
 * One client's connection. Its commands wait in `queue`, go to the primary when there is one, and their answers are held
 * until they are confirmed. A command is in exactly one of three places: queue, replies.sent, replies.held.
 */
export class Session {
  private readonly hub: Hub
  private readonly client: Socket
  private readonly input: ClientInput
  private readonly queue: CommandQueue
  private readonly state = new SessionState()
  private readonly replies: ReplyPath
  private upstream: Upstream | null = null
  private upstreamOf: Primary | null = null
  /** MULTI is sent, and neither EXEC nor DISCARD yet. */
  private openMulti = false
  private backingOff = false
  /** The client is not listened to any more: what is under way is finished, then it is closed. */
  private ending = false
  /** The client has sent its last byte. */
  private inputOver = false
  private gone = false

  constructor(hub: Hub, client: Socket) {
    this.hub = hub
    this.client = client
    this.queue = new CommandQueue(hub.traffic)
    this.input = new ClientInput(hub, this.state, this.queue)
    this.replies = new ReplyPath(new HeldAnswers(hub.traffic, hub.now), this.state, {
      replayable: (command) => this.replayable(command),
      answered: (command) => {
        if (!command.blocking) hub.traffic.inFlight--
      },
      stream: (bytes) => {
        this.stream(bytes)
      },
      again: (commands, fresh) => {
        this.again(commands, fresh)
      },
      stateChanged: () => {
        this.intakeMore()
      },
      broken: () => {
        this.upstream?.discard()
        this.upstreamLost()
      },
    })
    client.setNoDelay(true)
    client.on('data', (chunk: Buffer) => {
      this.input.push(chunk)
      this.take()
    })
    client.on('drain', () => {
      this.limitWriting()
    })
    client.on('end', () => {
      this.clientEnded()
    })
    client.on('error', () => {
      this.close()
    })
    client.on('close', () => {
      this.close()
    })
  }

  /** Another primary, or none: what the old one answered and nobody confirmed is not to be believed. */
  primaryOver(): void {
    if (this.gone || this.upstreamOf === null) return
    this.upstream?.discard()
    this.upstream = null
    this.upstreamOf = null
    const held = this.replies.held.drain()
    const barrier = held.findLastIndex((one) => one.answer !== null && one.command.request !== null)
    const firm = held.slice(0, barrier + 1)
    this.tell(firm, uncertain)
    const { collected, commands } = this.replies.giveUp()
    const rest = held.slice(barrier + 1)
    const planned = this.hub.planned()
    const replayable = (command: Command): boolean =>
      this.replayable(command) || (planned && command.blocking)
    if (collected === null) {
      this.settle(lostInFlight(rest, commands, replayable))
    } else {
      this.tell(rest, uncertain)
      this.settle(lostWhileCollecting(collected, commands, replayable))
    }
  }

  beginRound(): void {
    this.replies.held.beginRound()
  }

  /** What had arrived when the round began is confirmed. */
  confirmed(): void {
    if (this.gone) return
    const { buffers, commands } = this.replies.held.confirmed()
    writeAll(this.client, buffers)
    this.finishIfQuit(commands)
    this.limitWriting()
    this.endIfDone()
  }

  /** Ends what has waited too long. */
  sweep(nowMs: number, unreachableSinceMs: number | null): void {
    if (this.gone) return
    const limitMs = nowMs - this.hub.holdMs
    const oldest = this.replies.held.oldestMs
    if (oldest !== undefined && oldest <= limitMs) this.tell(this.replies.held.drain(), unconfirmed)
    const sent = this.replies.sent.peek()
    const stuck = sent?.blocking === false && sent.sinceMs <= limitMs
    if (stuck && unreachableSinceMs !== null && unreachableSinceMs <= limitMs) {
      this.upstream?.discard()
      this.upstreamLost(() => false)
    }
    this.expireParked(limitMs)
  }

  /** Sends what can be sent. Called whenever something that stood in the way may have gone. */
  pump(): void {
    if (this.gone || this.queue.length === 0) return
    if (this.queue.peek()?.request === null && this.replies.sent.length === 0) this.answerLocals()
    if (this.queue.length === 0) return
    const target = this.hub.target()
    if (target === null || this.hub.holding(this.openMulti) || this.backingOff || this.replies.collecting) {
      this.hub.watch()
      return
    }
    if (this.upstream === null) this.open(target)
    const { upstream } = this
    if (upstream === null || !upstream.ready || upstream.full) return
    const nowMs = this.hub.now()
    const buffers = this.queue.take(
      (command) => {
        this.noteSent(command, nowMs)
      },
      () => !this.hub.holding(this.openMulti),
    )
    upstream.write(buffers)
    this.intakeMore()
  }

  /** Cut by the gateway: it stops, or the session broke a rule. */
  close(): void {
    if (this.gone) return
    this.gone = true
    this.upstream?.discard()
    this.upstream = null
    this.queue.clear()
    this.replies.giveUp()
    this.replies.held.drain()
    this.client.destroy()
    this.hub.closed(this)
  }

  /** Finishes what is under way, then closes. */
  end(): void {
    this.ending = true
    this.client.pause()
    this.endIfDone()
  }

  private take(): void {
    if (this.gone || this.ending) return
    this.input.take(this.replies.sent.length)
    if (this.input.closed) this.ending = true
    this.pump()
    this.limitReading()
  }

  private limitReading(): void {
    if (this.input.full(this.replies.sent.length)) this.client.pause()
    else if (!this.ending) this.client.resume()
  }

  private intakeMore(): void {
    this.input.review(this.replies.sent.peek())
    if (this.input.pendingBytes === 0) this.limitReading()
    else
      setImmediate(() => {
        this.take()
      })
  }

  private noteSent(command: Command, nowMs: number): void {
    if (command.request === null && this.replies.sent.length === 0) {
      this.place(command, command.answer)
      return
    }
    this.replies.sent.push(command)
    if (command.request === null) return
    if (!command.blocking) this.hub.traffic.inFlight++
    if (command.kind === 'multi') this.openMulti = true
    else if (command.kind === 'exec' || command.kind === 'discard' || command.kind === 'reset')
      this.openMulti = false
    const waitedMs = nowMs - command.sinceMs
    if (waitedMs > parkedFromMs) this.hub.counters.parkedFor(waitedMs)
  }

  private open(target: Primary): void {
    this.upstreamOf = target
    const upstream: Upstream = new Upstream(target.address, this.state.restore(), {
      onReady: () => {
        this.pump()
      },
      onReplies: (framer) => {
        this.replies.read(framer)
        if (this.gone) return
        if (!this.replies.held.empty) this.hub.confirm(this)
        this.limitWriting()
        this.intakeMore()
        this.pump()
      },
      onDrain: () => {
        this.pump()
      },
      onClosed: () => {
        this.upstreamLost()
      },
    })
    this.upstream = upstream
  }

  /** The connection is gone; the primary may be well. What it answered can still be confirmed. */
  private upstreamLost(replayable = (command: Command): boolean => this.replayable(command)): void {
    this.upstream = null
    if (this.gone) return
    const torn = this.replies.torn
    const { collected, commands } = this.replies.giveUp()
    if (collected === null) this.settle(lostInFlight([], commands, replayable), torn)
    else this.settle(lostWhileCollecting(collected, commands, replayable), torn)
  }

  private settle(loss: Loss, torn = false): void {
    for (const { command, words } of loss.told) this.giveUp(command, words)
    this.hub.counters.inFlightLost += loss.told.length
    this.openMulti = false
    if (loss.torn || torn || this.state.bound) {
      this.cut()
      return
    }
    this.requeue(loss.again)
    this.backOff()
  }

  private again(commands: readonly Command[], fresh: boolean): void {
    this.requeue(commands)
    if (fresh) {
      this.openMulti = false
      this.upstream?.discard()
      this.upstream = null
    }
    this.backOff()
  }

  private requeue(commands: readonly Command[]): void {
    this.queue.putBack(commands)
    if (commands.length > 0) this.hub.watch()
  }

  private backOff(): void {
    if (this.backingOff) return
    this.backingOff = true
    setTimeout(() => {
      this.backingOff = false
      this.pump()
      this.endIfDone()
    }, backOffMs)
  }

  private expireParked(limitMs: number): void {
    const parked = this.upstream?.ready !== true || this.backingOff || this.hub.holding(this.openMulti)
    if (!parked) return
    for (
      let next = this.queue.peek();
      next !== undefined && next.sinceMs <= limitMs;
      next = this.queue.peek()
    ) {
      this.queue.shift()
      const torn = next.request !== null && next.kind !== 'plain'
      this.giveUp(next, noPrimary)
      if (!torn) continue
      this.cut()
      return
    }
  }

  private answerLocals(): void {
    for (let next = this.queue.peek(); next?.request === null; next = this.queue.peek()) {
      this.queue.shift()
      this.place(next, next.answer)
    }
  }

  /** Answers without the server: in its turn. */
  private giveUp(command: Command, words: Buffer): void {
    if (command.request !== null) {
      if (words === noPrimary) this.hub.counters.tryAgain++
      else this.hub.counters.uncertain++
    }
    this.place(command, command.request === null ? command.answer : words)
  }

  private place(command: Command, answer: Buffer | null): void {
    if (this.gone) return
    const local = { ...command, request: null, answer }
    if (this.replies.sent.length > 0) {
      // a command that blocks was sent before it: its answer comes first
      this.replies.sent.push(local)
    } else if (this.replies.held.empty) {
      if (answer !== null) writeAll(this.client, [answer])
      this.finishIfQuit([{ command: local, answer }])
    } else if (answer !== null) {
      this.replies.held.add(local, answer, true)
      this.hub.confirm(this)
    }
  }

  /** Answers what is not to be confirmed any more. */
  private tell(held: readonly HeldCommand[], words: Buffer): void {
    const answers = held.map((one) => one.answer ?? words)
    this.hub.counters.uncertain += held.filter((one) => one.answer === null).length
    writeAll(this.client, answers)
    this.finishIfQuit(held)
  }

  /** Nothing more can be right on this connection: what was answered leaves, then it is closed. */
  private cut(): void {
    this.queue.clear()
    this.ending = true
    this.place(localAnswer(Buffer.alloc(0), 'quit', this.hub.now()), Buffer.alloc(0))
  }

  private finishIfQuit(commands: readonly HeldCommand[]): void {
    if (!this.ending) return
    if (commands.some((one) => one.command.kind === 'quit'))
      this.client.end(() => {
        this.close()
      })
  }

  private stream(bytes: Buffer): void {
    if (this.replies.held.empty) writeAll(this.client, [bytes])
    else this.replies.held.addBytes(bytes)
  }

  private limitWriting(): void {
    const waiting = this.client.writableLength + this.replies.held.bytes
    if (waiting > this.hub.limits.answerBytes) this.upstream?.pause()
    else this.upstream?.resume()
  }

  private clientEnded(): void {
    const waits = this.replies.sent.peek()?.blocking === true || this.state.bound
    if (waits || this.hub.target() === null) this.close()
    else {
      this.inputOver = true
      this.endIfDone()
    }
  }

  private endIfDone(): void {
    if (this.gone || !(this.ending || (this.inputOver && this.input.pendingBytes === 0))) return
    if (
      this.queue.length === 0 &&
      this.replies.sent.length === 0 &&
      this.replies.held.empty &&
      !this.replies.collecting
    )
      this.client.end(() => {
        this.close()
      })
  }

  private replayable(command: Command): boolean {
    return command.request === null || isReplayable(command.request, this.hub.commands())
  }
}
