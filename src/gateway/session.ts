import type { Socket } from 'node:net'
import { flushAllScript } from '../insync/scripts.ts'
import { encodeCommand, encodeError } from '../resp/encode.ts'
import { ClientInput } from './client-input.ts'
import type { Command } from './command.ts'
import { CommandQueue } from './command-queue.ts'
import { treat } from './command-rules.ts'
import { classOf } from './classes.ts'
import { fillShare, isScriptable } from './fill.ts'
import type { Hub } from './hub.ts'
import { introduce } from './introductions.ts'
import { Own } from './own.ts'
import type { Pool } from './pool.ts'
import { Pace } from './pace.ts'
import { routeOf } from './routes.ts'
import { SessionState } from './session-state.ts'
import type { Flush, Share, ShareOwner } from './share.ts'
import { Transaction } from './transaction.ts'
import { noPrimary, ok, uncertain, unconfirmed } from './words.ts'
import { writeAll } from './write-all.ts'

/** A wait longer than this was parking, not a busy moment. */
const parkedFromMs = 50
const retryMs = 20

/**
 * One client's connection. Its commands wait in `queue`; one share of them at a time is under way: on a lane, at the door, or on
 * a connection of the session's own. So they run in order, and are answered in order.
 */
export class Session implements ShareOwner {
  readonly id: number
  private readonly hub: Hub
  private readonly client: Socket
  private readonly queue: CommandQueue
  private readonly state = new SessionState()
  private readonly input: ClientInput
  private pool: Pool | null = null
  private share: Share | null = null
  private enlisted = false
  /** Something is under way at the door or on the session's own connection. */
  private special: Command | null = null
  private transaction: Transaction | null = null
  private own: Own | null = null
  private readonly pace = new Pace()
  private out: Buffer[] = []
  /** The client is not listened to any more: what is under way is finished, then it is closed. */
  private ending = false
  /** The client has sent its last byte. */
  private inputOver = false
  private gone = false

  constructor(hub: Hub, client: Socket) {
    this.hub = hub
    this.id = hub.nextId()
    this.client = client
    this.queue = new CommandQueue(hub.traffic)
    this.input = new ClientInput(hub, this.state, this.queue)
    client.on('data', (chunk: Buffer) => {
      this.input.push(chunk)
      this.take()
    })
    client.on('drain', () => {
      this.own?.resume()
      this.pump()
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

  // ---- for lanes

  fill(flush: Flush, batching: boolean): void {
    this.enlisted = false
    if (this.gone || this.share !== null || this.special !== null) return
    const share = fillShare(this, this.queue, flush, {
      batching,
      most: this.pace.commands,
      delivery: this.hub.delivery,
      protocol: this.state.protocol,
      classify: (command) => {
        this.classify(command)
      },
    })
    this.share = share
    if (share === null) {
      this.pump()
      return
    }
    this.countSent(share.commands)
    this.readMore()
  }

  settled(share: Share): void {
    if (this.share !== share) return
    this.share = null
    if (this.gone) return
    const { commands, settled, pieces } = share
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    this.pace.saw(commands.length, bytes)
    writeAll(this.client, pieces)
    if (settled < commands.length) {
      this.queue.putBack(settled === 0 ? commands : commands.slice(settled))
      this.hub.counters.replayed += commands.length - settled
      this.hub.watch()
    }
    if (this.queue.length > 0) this.pump()
    else if (this.input.pendingBytes > 0) this.take()
    else this.endIfDone()
  }

  // ---- for the gateway

  /** Sends what can be sent. Called whenever something that stood in the way may have gone. */
  pump(): void {
    if (this.gone) return
    while (this.share === null && this.special === null && !this.enlisted) {
      const command = this.queue.peek()
      if (command === undefined) break
      if (this.client.writableLength > this.hub.limits.answerBytes) break
      if (!this.step(command)) break
    }
    this.flushOut()
    this.readMore()
    this.endIfDone()
  }

  /** Another primary, or none. */
  primaryOver(): void {
    this.own?.lost()
  }

  /** A primary is there: what lives on a connection of the session's own is set up again. */
  primaryThere(): void {
    this.own?.restore()
    this.pump()
  }

  /** Ends what has waited too long. */
  sweep(nowMs: number, unreachableSinceMs: number | null): void {
    if (this.gone) return
    const limitMs = nowMs - this.hub.holdMs
    const unreachable = unreachableSinceMs !== null && unreachableSinceMs <= limitMs
    const { share } = this
    if (share !== null) {
      const since = share.commands[0]?.sinceMs ?? nowMs
      if (since <= limitMs && (share.answered || unreachable)) this.abandon(share)
    } else if (this.special !== null) {
      if (this.special.sinceMs <= limitMs && unreachable) this.own?.expire()
    } else this.expireParked(limitMs)
  }

  close(): void {
    if (this.gone) return
    this.gone = true
    if (this.share !== null) this.share.cancelled = true
    this.share = null
    if (this.special !== null && this.special.route !== 'blocking') this.hub.traffic.inFlight--
    this.special = null
    this.queue.clear()
    this.own?.discard()
    this.own = null
    this.client.destroy()
    if (this.pool !== null) this.hub.release(this.pool)
    this.pool = null
    this.hub.closed(this)
  }

  /** Finishes what is under way, then closes. */
  end(): void {
    this.ending = true
    this.client.pause()
    if (this.special?.route === 'blocking') this.giveUpBlocking()
    this.endIfDone()
  }

  /** It waits for an element that may never come; what the client sent behind it has not run either. */
  private giveUpBlocking(): void {
    this.own?.discard()
    this.own = null
    this.special = null
    this.queue.clear()
  }

  // ---- for what is special

  /** The command that was under way at the door or on the session's own connection is answered. Null: it is to be tried again. */
  specialDone(command: Command, answer: Buffer | readonly Buffer[] | null): void {
    if (this.special !== command) return
    this.special = null
    if (command.route !== 'blocking') this.hub.traffic.inFlight--
    if (this.gone) return
    if (answer === null) {
      this.queue.putBack([command])
      setTimeout(() => {
        this.pump()
      }, retryMs)
      return
    }
    writeAll(this.client, Buffer.isBuffer(answer) ? [answer] : answer)
    this.take()
  }

  /** What belongs to no command: a message of a subscription. */
  deliver(bytes: Buffer): void {
    if (this.gone) return
    this.client.write(bytes)
    if (this.client.writableLength > this.hub.limits.answerBytes) this.own?.pause()
  }

  stateChanged(): void {
    if (this.pool !== null) this.hub.release(this.pool)
    this.pool = null
    this.input.introduced()
  }

  // ---- commands

  private take(): void {
    if (this.gone) return
    if (!this.ending) this.input.take(this.share?.commands.length ?? 0)
    this.pump()
  }

  private readMore(): void {
    if (this.gone || this.ending) return
    if (this.input.closed || this.input.full(this.share?.commands.length ?? 0)) this.client.pause()
    else this.client.resume()
  }

  private classify(command: Command): void {
    if (command.route !== null) return
    const { route, facts } = routeOf(command.request, this.hub.commands())
    command.route = route
    command.facts = facts
    if (command.request.name !== 'FLUSHALL') return
    const treatment = treat(command.request, this.hub.databases)
    if (treatment.kind !== 'flush-all') return
    const { mode } = treatment
    command.replacement = encodeCommand(['EVAL', flushAllScript, '0', mode, String(this.hub.markersDb)])
  }

  /** @returns false: the head of the queue has to wait */
  private step(command: Command): boolean {
    const { hub, state } = this
    if (command.request.name === 'QUIT') {
      this.queue.clear()
      this.out.push(ok)
      this.ending = true
      return false
    }
    if (webWords.has(command.request.name)) {
      this.close()
      return false
    }
    const treatment = treat(command.request, hub.databases)
    if (treatment.kind === 'refuse' && !this.unknownClient) {
      this.transaction?.abort()
      return this.answer(encodeError(treatment.error))
    }
    if (hub.commands().size === 0 || hub.target() === null) {
      hub.watch()
      return false
    }
    this.classify(command)
    if (this.transaction !== null && !this.unknownClient) return this.inTransaction(this.transaction, command)
    switch (command.route) {
      case 'multi':
        if (this.unknownClient || command.facts === undefined) return this.enlist()
        this.transaction = new Transaction()
        return this.answer(ok)
      case 'exec':
        if (command.block !== null && !command.direct && !state.watching) return this.enlist()
        if (command.block !== null) return this.startOwn(command)
        return this.enlist()
      case 'read':
        return state.tracking !== null || this.boundToOwn ? this.startOwn(command) : this.enlist()
      case 'write':
        return this.boundToOwn || this.needsTransaction(command) ? this.startOwn(command) : this.enlist()
      case 'once':
      case 'discard':
        return this.boundToOwn ? this.startOwn(command) : this.enlist()
      case 'door':
        return this.boundToOwn ? this.startOwn(command) : this.startDoor(command)
      case 'client-id':
        if (this.unknownClient || command.facts === undefined) return this.enlist()
        return this.answer(Buffer.from(`:${String(this.id)}\r\n`))
      case 'reset':
        this.resetAll()
        return this.answer(resetAnswer)
      case 'own':
      case 'blocking':
      case 'subscription':
      case 'monitor':
      case 'watch':
      case 'unwatch':
      case 'tracking':
        return this.unknownClient || command.facts === undefined ? this.enlist() : this.startOwn(command)
      default:
        return this.enlist()
    }
  }

  /** It has not said who it is: Redis answers everything with NOAUTH. */
  private get unknownClient(): boolean {
    return this.hub.passwordRequired && !this.state.authenticated
  }

  /** Subscribed in RESP2, or watching as MONITOR does: everything is answered on that connection. */
  private get boundToOwn(): boolean {
    return this.state.monitoring || (this.state.subscribed && this.state.protocol === 2)
  }

  private needsTransaction(command: Command): boolean {
    if (this.hub.delivery !== 'exactly-once' || command.direct) return false
    return this.poolOf().batching && !isScriptable(command, this.state.protocol)
  }

  private inTransaction(transaction: Transaction, command: Command): boolean {
    const { hub } = this
    switch (command.route) {
      case 'multi':
        transaction.abort()
        return this.answer(encodeError('ERR MULTI calls can not be nested'))
      case 'watch':
        transaction.abort()
        return this.answer(encodeError('ERR WATCH inside MULTI is not allowed'))
      case 'discard':
        if (command.facts === undefined) return this.tryInTransaction(transaction, command)
        this.transaction = null
        this.forgetWatch()
        return this.answer(ok)
      case 'reset':
        this.resetAll()
        return this.answer(resetAnswer)
      case 'exec': {
        if (command.facts === undefined) return this.tryInTransaction(transaction, command)
        this.transaction = null
        if (transaction.aborted) {
          this.forgetWatch()
          return this.answer(execAbort)
        }
        if (this.own?.watchBroken === true) {
          this.forgetWatch()
          return this.answer(this.state.protocol === 3 ? nullReply : nullArray)
        }
        command.block = transaction.commands
        if (transaction.commands.length === 0 && !this.state.watching) return this.answer(emptyArray)
        if (this.hub.delivery !== 'exactly-once' || this.state.watching) command.direct = true
        return true
      }
      default:
        if (command.facts === undefined || command.facts.noMulti || !this.poolOf().unrestricted(command))
          return this.tryInTransaction(transaction, command)
        this.queue.shift()
        this.out.push(transaction.add(command, hub.limits.parkedBytes) ? queued : tooLarge)
        return true
    }
  }

  /** Redis says whether it would queue this. */
  private tryInTransaction(transaction: Transaction, command: Command): boolean {
    const target = this.hub.target()
    if (target === null) return false
    this.begin(command)
    this.hub.door.ask(target, {
      restore: this.state.restore(this.hub.setter),
      commands: [multi, command.wire(), discard],
      wanted: 2,
      done: (answer) => {
        if (answer?.equals(queued) !== true) {
          if (answer !== null) transaction.abort()
          this.specialDone(command, answer)
        } else
          this.specialDone(command, transaction.add(command, this.hub.limits.parkedBytes) ? answer : tooLarge)
      },
    })
    return false
  }

  private forgetWatch(): void {
    if (this.state.watching) this.own?.unwatch()
    this.state.watching = false
  }

  private resetAll(): void {
    this.transaction = null
    this.own?.discard()
    this.own = null
    this.state.reset()
    this.stateChanged()
  }

  private enlist(): boolean {
    this.enlisted = true
    this.poolOf().enlist(this)
    return false
  }

  private poolOf(): Pool {
    this.pool ??= this.hub.poolOf(this.state)
    return this.pool
  }

  private startDoor(command: Command): boolean {
    const target = this.hub.target()
    if (target === null || this.hub.holding()) {
      this.hub.watch()
      return false
    }
    this.begin(command)
    introduce(this.hub.door, target, this.state, this.hub.setter, command, (answer, accepted) => {
      if (this.gone || this.special !== command) return
      if (accepted) {
        this.state.accept(command.request)
        this.own?.follow(command)
      }
      if (answer !== null) this.stateChanged()
      this.specialDone(command, answer)
    })
    return false
  }

  private startOwn(command: Command): boolean {
    if (this.hub.target() === null || this.hub.holding()) {
      this.hub.watch()
      return false
    }
    this.begin(command)
    this.own ??= new Own(this.hub, this, this.state)
    this.own.run(command)
    return false
  }

  private begin(command: Command): void {
    this.queue.shift()
    this.special = command
    if (command.route !== 'blocking') this.hub.traffic.inFlight++
    this.countSent([command])
  }

  private countSent(commands: readonly Command[]): void {
    const { counters } = this.hub
    const nowMs = this.hub.now()
    for (const command of commands) {
      counters.commands[classOf(command)]++
      const waitedMs = nowMs - command.sinceMs
      if (waitedMs > parkedFromMs) counters.parkedFor(waitedMs)
    }
  }

  private answer(bytes: Buffer): true {
    this.queue.shift()
    this.out.push(bytes)
    return true
  }

  private flushOut(): void {
    if (this.out.length === 0) return
    const { out } = this
    this.out = []
    writeAll(this.client, out)
  }

  // ---- ends

  /** It waited for longer than `hold` allows. */
  private abandon(share: Share): void {
    share.cancelled = true
    this.share = null
    const { counters } = this.hub
    const last = share.commands.findLastIndex((command) => !command.replayable)
    const answers = share.commands.map((_, place) => {
      if (share.answered) return unconfirmed
      return place <= last ? uncertain : noPrimary
    })
    for (const answer of answers) counters[answer === noPrimary ? 'tryAgain' : 'uncertain']++
    counters.holdExhausted++
    writeAll(this.client, answers)
    this.take()
  }

  private expireParked(limitMs: number): void {
    let expired = false
    for (
      let next = this.queue.peek();
      next !== undefined && next.sinceMs <= limitMs;
      next = this.queue.peek()
    ) {
      this.queue.shift()
      if (this.transaction !== null && next.request.name === 'EXEC') this.transaction = null
      this.out.push(noPrimary)
      this.hub.counters.tryAgain++
      expired = true
    }
    if (!expired) return
    this.hub.counters.holdExhausted++
    this.flushOut()
    this.take()
  }

  private clientEnded(): void {
    if (this.special?.route === 'blocking' || this.boundToOwn || this.hub.target() === null) {
      this.close()
      return
    }
    this.inputOver = true
    this.endIfDone()
  }

  private endIfDone(): void {
    if (this.gone || this.share !== null || this.special !== null || this.queue.length > 0) return
    const over = this.ending || this.input.closed || (this.inputOver && !this.input.full(0))
    if (!over) return
    this.ending = true
    if (this.input.complaint !== null) this.out.push(this.input.complaint)
    this.input.complaint = null
    this.flushOut()
    this.client.end(() => {
      this.close()
    })
  }
}

/** The first words of a web page that posts a form at Redis: redis-server ends such a connection without a word. */
const webWords = new Set(['POST', 'HOST:'])
const multi = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const discard = Buffer.from('*1\r\n$7\r\nDISCARD\r\n')
const queued = Buffer.from('+QUEUED\r\n')
const resetAnswer = Buffer.from('+RESET\r\n')
const tooLarge = encodeError('ERR the transaction is larger than the limit')
const execAbort = encodeError('EXECABORT Transaction discarded because of previous errors.')
const nullArray = Buffer.from('*-1\r\n')
const nullReply = Buffer.from('_\r\n')
const emptyArray = Buffer.from('*0\r\n')
