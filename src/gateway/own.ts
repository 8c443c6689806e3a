import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { attach, type Taker } from './attach.ts'
import { acceptBlock } from './block-effects.ts'
import type { Command } from './command.ts'
import { isAboutData, isRepeatable } from './command-kinds.ts'
import { Connection } from './connection.ts'
import { Fifo } from './fifo.ts'
import type { Hub } from './hub.ts'
import { MarkedTransaction, nullOf } from './marked-transaction.ts'
import { MessageGate } from './message-gate.ts'
import { isRefusal } from './refusals.ts'
import type { SessionState } from './session-state.ts'
import { Subscriptions } from './subscriptions.ts'
import { uncertain } from './words.ts'

/** The session, as far as its own connection needs to know it. */
export interface OwnHost {
  readonly id: number
  /** Null: to be tried again. */
  readonly specialDone: (command: Command, answer: Buffer | readonly Buffer[] | null) => void
  readonly deliver: (bytes: Buffer) => void
  readonly stateChanged: () => void
}

const retryMs = 20

/**
 * A session's own connection to the primary, for what cannot be shared: WATCH, subscriptions, MONITOR, tracking, commands that block,
 * and transactions that no script can carry. What can be set up again on another connection is, before anything else.
 */
export class Own {
  /** A WATCH was lost with its connection: the next EXEC is null. */
  watchBroken = false
  private readonly hub: Hub
  private readonly host: OwnHost
  private readonly state: SessionState
  private connection: Connection | null = null
  private ready = false
  private readonly takers = new Fifo<Taker>()
  /** When something was last asked (ms). */
  private askedMs = 0
  private command: Command | null = null
  private readonly subscriptions: Subscriptions
  private readonly transaction: MarkedTransaction
  private readonly gate: MessageGate
  private readonly aside: boolean
  private gone = false

  /**
   * @param aside only for single writes of a session that watches on another connection: their EXEC would end the WATCH. It has
   * nothing of the session but user, database and protocol.
   */
  constructor(hub: Hub, host: OwnHost, state: SessionState, aside = false) {
    this.hub = hub
    this.host = host
    this.state = state
    this.aside = aside
    this.subscriptions = new Subscriptions(state, (bytes, published) => {
      if (!published || this.gate.open || hub.ack === 0) host.deliver(bytes)
      else
        this.gate.add(bytes.length, () => {
          host.deliver(bytes)
        })
    })
    this.gate = new MessageGate({
      confirm: hub.confirm,
      limitBytes: () => hub.limits.answerBytes,
      onFull: () => this.connection?.pause(),
      onEmpty: () => this.connection?.resume(),
    })
    this.transaction = new MarkedTransaction(hub, state, `${aside ? 'a' : 's'}${String(host.id)}`)
  }

  run(command: Command): void {
    this.command = command
    this.subscriptions.confirmed = 0
    this.go()
  }

  /** Follows what the door accepted: SELECT, CLIENT SETNAME and their like. */
  follow(command: Command): void {
    if (this.connection === null) return
    if (this.ready) this.ask([command.wire()], [() => undefined])
  }

  unwatch(): void {
    this.watchBroken = false
    if (this.ready) this.ask([encodeCommand(['UNWATCH'])], [() => undefined])
  }

  pause(): void {
    this.connection?.pause()
  }

  resume(): void {
    this.connection?.resume()
  }

  /** Gives the connection up when it owes an answer that does not wait for others, and has said nothing since (ms). */
  closeSilent(sinceMs: number): void {
    const { connection } = this
    if (connection === null || this.takers.length === 0 || this.command?.route === 'blocking') return
    if (connection.heardMs <= sinceMs && this.askedMs <= sinceMs && !connection.sending)
      connection.close('it is silent')
  }

  /** What it had is gone: with its primary, or by itself. */
  lost(): void {
    const had = this.connection !== null
    this.connection?.discard()
    this.connection = null
    this.ready = false
    this.takers.drain()
    this.gate.clear()
    if (this.gone || !had) return
    if (this.watching) this.watchBroken = true
    const { command } = this
    if (command === null) return
    if (this.transaction.underWay || command.route === 'subscription') {
      this.later()
      return
    }
    this.command = null
    this.host.specialDone(command, isRepeatable(command) ? null : uncertain)
    if (!isRepeatable(command)) this.hub.counters.uncertain++
  }

  /** A primary is there: what lives by its connection is set up again. */
  restore(): void {
    if (this.gone || this.connection !== null) return
    const { state } = this
    const attached = state.subscribed || state.monitoring || state.tracking !== null
    if (this.command !== null || (attached && !this.aside)) this.go()
  }

  /** It has waited too long. */
  expire(): void {
    const { command } = this
    if (command === null) return
    this.command = null
    this.connection?.discard()
    this.connection = null
    this.ready = false
    this.takers.drain()
    this.gate.clear()
    if (this.watching) this.watchBroken = true
    this.transaction.forget()
    this.hub.counters.uncertain++
    this.host.specialDone(command, uncertain)
  }

  discard(): void {
    this.gone = true
    this.command = null
    this.connection?.discard()
    this.connection = null
    this.gate.clear()
    this.transaction.remove()
  }

  private later(): void {
    setTimeout(() => {
      if (!this.gone && this.connection === null && this.command !== null) this.go()
    }, retryMs)
  }

  /** Goes on with the command, on a connection that is as it has to be. */
  private go(): void {
    const target = this.hub.target()
    if (target === null || (this.hub.holding() && this.connection === null)) {
      this.hub.watch()
      return
    }
    if (this.connection === null) this.open(target)
    else if (this.ready) this.start(target)
  }

  private open(target: Primary): void {
    const connection: Connection = new Connection(this.hub.connect(target.address, 'attachment'), {
      onConnected: () => {
        this.setUp()
      },
      onReplies: (framer) => {
        this.read(framer)
      },
      onClosed: () => {
        if (this.connection === connection) {
          this.lost()
          this.restoreLater()
        }
      },
    })
    this.connection = connection
  }

  private restoreLater(): void {
    setTimeout(() => {
      if (this.hub.target() !== null) this.restore()
    }, retryMs)
  }

  private setUp(): void {
    attach({
      state: this.state,
      subscriptions: this.subscriptions,
      setter: this.hub.setter,
      bare: this.aside,
      ask: (bytes, takers) => {
        this.ask(bytes, takers)
      },
      deliver: (bytes) => {
        this.host.deliver(bytes)
      },
      done: () => {
        this.setUpDone()
      },
    })
  }

  private setUpDone(): void {
    this.ready = true
    if (this.command === null) return
    const target = this.hub.target()
    if (target !== null) this.start(target)
  }

  private ask(bytes: readonly Buffer[], takers: readonly Taker[]): void {
    for (const taker of takers) this.takers.push(taker)
    this.askedMs = performance.now()
    this.connection?.write(bytes)
  }

  private start(target: Primary): void {
    const { command } = this
    if (command === null) return
    switch (command.route) {
      case 'exec':
      case 'write':
        if (!this.bound) {
          this.startTransaction(command, target)
          return
        }
        break
      case 'subscription':
        this.subscriptions.expect(
          this.state.subscriptionReplies(command.request),
          this.subscriptions.confirmed,
          () => {
            if (this.command !== command) return
            this.command = null
            this.host.specialDone(command, [])
          },
        )
        this.connection?.write([command.wire()])
        return
      default:
        break
    }
    this.ask(
      [command.wire()],
      [
        (bytes) => {
          this.answered(command, bytes)
        },
      ],
    )
  }

  /** The client watches keys on this very connection. */
  private get watching(): boolean {
    return this.state.watching && !this.aside
  }

  /** Subscribed in RESP2: Redis takes nothing but what it names itself. */
  private get bound(): boolean {
    return this.state.monitoring || (this.state.subscribed && this.state.protocol === 2)
  }

  private startTransaction(command: Command, target: Primary): void {
    if (command.route === 'exec' && this.watchBroken && !this.transaction.pending) {
      this.unwatched()
      this.command = null
      this.transaction.forget()
      this.host.specialDone(command, nullOf(this.state.protocol))
      return
    }
    const block = command.block ?? [command]
    this.transaction.run({
      block,
      single: command.block === null,
      target,
      watched: this.watching,
      ask: (bytes, replies, done) => {
        const got: Buffer[] = []
        this.ask(
          bytes,
          Array.from({ length: replies }, () => (reply: Buffer) => {
            got.push(Buffer.from(reply))
            if (got.length === replies) done(got)
          }),
        )
      },
      done: (answer) => {
        if (this.command !== command) return
        this.command = null
        if (command.route === 'exec') {
          this.unwatched()
          if (acceptBlock(block, answer, this.state)) this.host.stateChanged()
        }
        if (answer === uncertain) this.hub.counters.uncertain++
        this.host.specialDone(command, answer)
      },
      again: () => {
        setTimeout(() => {
          if (!this.gone && this.command !== null) this.go()
        }, retryMs)
      },
    })
  }

  private unwatched(): void {
    this.state.watching = false
    this.watchBroken = false
  }

  private answered(command: Command, bytes: Buffer): void {
    if (this.command !== command) return
    if (isRefusal(bytes, 0, bytes.length)) {
      this.command = null
      this.host.specialDone(command, null)
      return
    }
    this.command = null
    const failed = bytes[0] === replyType.error || bytes[0] === replyType.bulkError
    if (!failed) this.accept(command)
    const answer = Buffer.from(bytes)
    if (!isAboutData(command)) {
      this.host.specialDone(command, answer)
      return
    }
    this.command = command
    const { connection } = this
    this.hub.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.command !== command || this.connection !== connection) return
        this.command = null
        this.host.specialDone(command, answer)
      },
    })
  }

  private accept(command: Command): void {
    this.state.accept(command.request)
    if (command.route === 'watch') this.watchBroken = false
    if (command.route === 'door') this.host.stateChanged()
  }

  // ---- what comes

  private read(framer: ReplyFramer): void {
    while (this.connection !== null && framer.next()) {
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

  private take(bytes: Buffer, type: number): void {
    if (this.subscriptions.take(bytes, type)) return
    if (type === replyType.error && this.refusedSubscription(bytes)) return
    const taker = this.takers.shift()
    if (taker === undefined) this.connection?.close('a reply without a command')
    else taker(bytes, type)
  }

  /** Instead of its confirmations: the user may not, or the server cannot now. */
  private refusedSubscription(bytes: Buffer): boolean {
    const { command } = this
    if (
      !this.ready ||
      this.takers.length > 0 ||
      this.subscriptions.awaited === 0 ||
      command?.route !== 'subscription'
    )
      return false
    this.subscriptions.awaited = 0
    this.answered(command, bytes)
    return true
  }
}
