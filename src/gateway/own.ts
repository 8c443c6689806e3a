import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { acceptBlock } from './block-effects.ts'
import type { Command } from './command.ts'
import { isAboutData, isRepeatable } from './command-kinds.ts'
import { Connection } from './connection.ts'
import { Fifo } from './fifo.ts'
import type { Hub } from './hub.ts'
import { MarkedTransaction } from './marked-transaction.ts'
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

/** Takes one reply. */
type Taker = (bytes: Buffer, type: number) => void

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
  private gone = false

  constructor(hub: Hub, host: OwnHost, state: SessionState) {
    this.hub = hub
    this.host = host
    this.state = state
    this.subscriptions = new Subscriptions(state, (bytes) => {
      host.deliver(bytes)
    })
    this.transaction = new MarkedTransaction(hub, state, host.id)
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
    if (this.gone || !had) return
    if (this.state.watching) this.watchBroken = true
    const { command } = this
    if (command === null) return
    if (this.transaction.pending) {
      this.later()
      return
    }
    if (command.route === 'subscription') {
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
    if (this.command !== null || state.subscribed || state.monitoring || state.tracking !== null) this.go()
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
    if (this.state.watching) this.watchBroken = true
    this.transaction.forget()
    this.hub.counters.uncertain++
    this.host.specialDone(command, uncertain)
  }

  discard(): void {
    this.gone = true
    this.command = null
    this.connection?.discard()
    this.connection = null
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
    const { state } = this
    const restore = state.restore(this.hub.setter)
    if (restore.length === 0) {
      this.setUpAgain()
      return
    }
    const takers: Taker[] = restore.map(() => () => undefined)
    takers[takers.length - 1] = (_, type) => {
      // Who set the connection up must never be who runs commands: as nobody, then, and Redis says so itself.
      if (type !== replyType.error) this.setUpAgain()
      else
        this.ask(
          [encodeCommand(['RESET'])],
          [
            () => {
              this.setUpAgain()
            },
          ],
        )
    }
    this.ask(restore, takers)
  }

  /** What the lost connection had: subscriptions, tracking, MONITOR. */
  private setUpAgain(): void {
    const { state } = this
    const again = state.resubscribe()
    const extra: Buffer[] = []
    if (state.tracking !== null)
      extra.push(encodeCommand(['CLIENT', 'TRACKING', ...state.tracking], 'latin1'))
    if (state.monitoring) extra.push(encodeCommand(['MONITOR']))
    if (state.tracking !== null) this.host.deliver(forgetAll)
    const done = (): void => {
      this.setUpDone()
    }
    this.subscriptions.expect(again.confirmations, again.confirmations, extra.length === 0 ? done : nothing)
    if (extra.length + again.commands.length === 0) done()
    else if (extra.length === 0) this.ask(again.commands, [])
    else {
      const takers: Taker[] = extra.map(() => () => undefined)
      takers[takers.length - 1] = done
      this.ask([...again.commands, ...extra], takers)
    }
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

  /** Subscribed in RESP2: Redis takes nothing but what it names itself. */
  private get bound(): boolean {
    return this.state.monitoring || (this.state.subscribed && this.state.protocol === 2)
  }

  private startTransaction(command: Command, target: Primary): void {
    const block = command.block ?? [command]
    this.transaction.run({
      block,
      single: command.block === null,
      target,
      watched: this.state.watching,
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
          this.state.watching = false
          this.watchBroken = false
          if (acceptBlock(block, answer, this.state)) this.host.stateChanged()
        }
        if (answer === uncertain) this.hub.counters.uncertain++
        this.host.specialDone(command, answer)
      },
      again: () => {
        this.later2()
      },
    })
  }

  private later2(): void {
    setTimeout(() => {
      if (this.gone || this.command === null) return
      this.go()
    }, retryMs)
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
    while (framer.next()) {
      const { type } = framer
      const bytes = framer.slice()
      if (this.subscriptions.take(bytes, type)) continue
      if (type === replyType.error && this.refusedSubscription(bytes)) continue
      const taker = this.takers.shift()
      if (taker === undefined) throw new Error('a reply without a command')
      taker(bytes, type)
    }
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

const nothing = (): void => undefined

/** What a client that tracks is told when nothing that it keeps can be relied on: the whole of the cache is void. */
const forgetAll = Buffer.from('>2\r\n$10\r\ninvalidate\r\n_\r\n')
