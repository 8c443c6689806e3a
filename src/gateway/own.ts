import { encodeCommand } from '../resp/encode.ts'
import { replyType } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { abreastOf } from './abreast.ts'
import { attach, collect, type Taker } from './attach.ts'
import { acceptBlock } from './block-effects.ts'
import type { Command } from './command.ts'
import { isAboutData, isRepeatable } from './command-kinds.ts'
import { Connection } from './connection.ts'
import { cursorForClient } from './cursors.ts'
import { Fifo } from './fifo.ts'
import type { Hub } from './hub.ts'
import { countLoss, mostLosses } from './losses.ts'
import { MarkedTransaction, nullOf } from './marked-transaction.ts'
import { OwnStream } from './own-stream.ts'
import { isRefusal } from './refusals.ts'
import type { SessionState } from './session-state.ts'
import { noPrimary, uncertain } from './words.ts'

/** The session, as far as its own connection needs to know it. */
export interface OwnHost {
  readonly id: number
  /** Null: to be tried again. */
  readonly specialDone: (command: Command, answer: Buffer | readonly Buffer[] | null) => void
  readonly deliver: (bytes: Buffer) => void
  readonly stateChanged: () => void
}

const retryMs = 20
const nothing = (): void => undefined

/**
 * A session's own connection to the primary, for what cannot be shared: WATCH, subscriptions, MONITOR, tracking, commands that block,
 * and transactions that no script can carry. What can be set up again on another connection is, before anything else.
 */
export class Own {
  private readonly hub: Hub
  private readonly host: OwnHost
  private readonly state: SessionState
  private connection: Connection | null = null
  private ready = false
  private readonly takers = new Fifo<Taker>()
  /** When something was last asked (ms). */
  private askedMs = 0
  private command: Command | null = null
  /** The present connection has begun with it. */
  private begun = false
  /** The present connection was asked for it: it may have run. */
  private sent = false
  private readonly stream: OwnStream
  private readonly transaction: MarkedTransaction
  private readonly aside: boolean
  private gone = false
  /** When it last had a command (ms). */
  restsSinceMs = 0

  /**
   * @param aside only for single writes of a session that watches on another connection: their EXEC would end the WATCH. It has
   * nothing of the session but user, database and protocol.
   */
  constructor(hub: Hub, host: OwnHost, state: SessionState, aside = false) {
    this.hub = hub
    this.host = host
    this.state = state
    this.aside = aside
    this.stream = new OwnStream(hub, state, {
      deliver: host.deliver.bind(host),
      reply: this.take.bind(this),
      isOpen: () => this.connection !== null,
      isUnderWay: () => this.command !== null,
      pause: () => this.connection?.pause(),
      resume: () => this.connection?.resume(),
    })
    this.transaction = new MarkedTransaction(hub, state, `s${String(hub.nextMarker())}`)
  }

  run(command: Command): void {
    this.command = command
    this.begun = false
    this.sent = false
    this.stream.subscriptions.confirmed = 0
    this.go()
  }

  /** Follows what the door accepted: SELECT, CLIENT SETNAME and their like. */
  follow(command: Command): void {
    if (this.connection === null) return
    if (this.ready) {
      const followed: Taker = (_, type) => {
        if (type === replyType.error) this.connection?.close('it does not follow its session')
      }
      this.ask([command.wire()], [followed])
      return
    }
    // what it was told so far may be void
    this.drop()
    this.restore()
  }

  unwatch(): void {
    if (this.ready) this.ask([encodeCommand(['UNWATCH'])], [nothing])
    this.rest()
  }

  private rest(): void {
    this.restsSinceMs = performance.now()
    this.hub.resting.add(this)
  }

  /** Nothing needs it now: a session has one for as long as it does. */
  giveUp(): void {
    if (this.gone || this.command !== null) return
    if (!this.aside && (this.state.attached || this.state.watch === 'kept')) return
    this.drop()
    this.transaction.remove()
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
    const { connection, ready } = this
    this.drop()
    if (this.gone || connection === null) return
    const { command } = this
    if (command === null) return
    // on one that was not set up it was not sent
    if (ready) countLoss([{ commands: [command] }], this.hub.target())
    // one that ends every connection is looked at by its session again
    const enough = command.losses >= mostLosses
    // others go on with the next connection
    if (!enough && (this.transaction.pending || command.route === 'subscription')) return
    this.transaction.forget()
    this.finish(command, this.sent && !isRepeatable(command) && !enough ? uncertain : null)
  }

  private drop(): void {
    if (this.connection !== null && this.watching) this.state.watch = 'lost'
    this.connection?.discard()
    this.connection = null
    this.ready = false
    this.begun = false
    this.takers.drain()
    this.stream.clear()
  }

  /** A primary is there, or is there again: what lives by its connection is set up, and what waits begins. */
  restore(): void {
    if (this.gone) return
    const lacking = this.connection === null && this.state.attached && !this.aside
    if (this.command !== null || lacking) this.go()
  }

  /** It has waited too long. */
  expire(): void {
    const { command } = this
    if (command === null) return
    const mayHaveRun = this.transaction.pending || (this.sent && !isRepeatable(command))
    this.drop()
    // whatever became of it, EXEC has ended the WATCH
    if (command.route === 'exec') this.state.watch = 'none'
    this.transaction.forget()
    if (!mayHaveRun) this.hub.counters.tryAgain++
    this.finish(command, mayHaveRun ? uncertain : noPrimary)
  }

  /** @param answer null: it is to be tried again */
  private finish(command: Command, answer: Buffer | readonly Buffer[] | null): void {
    this.command = null
    // what CLIENT CACHING says holds for one command
    if (answer !== null && command.route !== 'tracking') this.state.caching = null
    if (answer === uncertain) this.hub.counters.uncertain++
    this.rest()
    this.host.specialDone(command, answer)
  }

  discard(): void {
    this.gone = true
    this.command = null
    this.connection?.discard()
    this.connection = null
    this.stream.clear()
    this.transaction.remove()
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
        this.stream.read(framer)
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
      this.restore()
    }, retryMs)
  }

  private setUp(): void {
    attach({
      state: this.state,
      subscriptions: this.stream.subscriptions,
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
    if (this.command !== null) this.go()
  }

  private ask(bytes: readonly Buffer[], takers: readonly Taker[]): void {
    for (const taker of takers) this.takers.push(taker)
    this.askedMs = performance.now()
    this.connection?.write(bytes)
  }

  private start(target: Primary): void {
    const { command } = this
    if (command === null || this.begun) return
    this.begun = true
    switch (command.route) {
      case 'exec':
      case 'write':
        if (!this.bound) {
          this.startTransaction(command, target)
          return
        }
        break
      case 'subscription':
        this.stream.subscriptions.expect(
          this.state.subscriptionReplies(command.request),
          this.stream.subscriptions.confirmed,
          () => {
            if (this.command === command) this.finish(command, [])
          },
        )
        this.sent = true
        this.connection?.write([command.wire()])
        return
      default:
        break
    }
    this.sent = true
    const before = abreastOf(command)
    this.ask(
      [...before, command.wire()],
      [
        ...before.map(() => nothing),
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
    if (command.route === 'exec' && this.state.watch === 'lost' && !this.transaction.pending) {
      this.state.watch = 'none'
      this.transaction.forget()
      this.finish(command, nullOf(this.state.protocol))
      return
    }
    const block = command.block ?? [command]
    this.transaction.run({
      block,
      single: command.block === null,
      target,
      watched: this.watching,
      ask: (bytes, replies, done) => {
        this.ask(bytes, collect(replies, done))
      },
      done: (answer) => {
        if (this.command !== command) return
        if (command.route === 'exec') {
          this.state.watch = 'none'
          if (acceptBlock(block, answer, this.state)) this.host.stateChanged()
        }
        this.finish(command, answer)
      },
      again: () => {
        this.begun = false
        setTimeout(() => {
          if (!this.gone && this.command !== null) this.go()
        }, retryMs)
      },
    })
  }

  private answered(command: Command, bytes: Buffer): void {
    if (this.command !== command) return
    if (isRefusal(bytes, 0, bytes.length)) {
      this.finish(command, null)
      return
    }
    const failed = bytes[0] === replyType.error || bytes[0] === replyType.bulkError
    if (!failed) this.accept(command)
    let answer: Buffer = Buffer.from(bytes)
    if (command.cursorAt > 0) answer = cursorForClient(answer, command.cursorEpoch)
    if (!isAboutData(command)) {
      this.finish(command, answer)
      return
    }
    const { connection } = this
    this.hub.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.command === command && this.connection === connection) this.finish(command, answer)
      },
    })
  }

  private accept(command: Command): void {
    this.state.accept(command.request)
    if (command.route === 'door') this.host.stateChanged()
  }

  // ---- what comes

  private take(bytes: Buffer, type: number): void {
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
      this.stream.subscriptions.awaited === 0 ||
      command?.route !== 'subscription'
    )
      return false
    this.stream.subscriptions.awaited = 0
    this.answered(command, bytes)
    return true
  }
}
