import { encodeError } from '../resp/encode.ts'
import { replyType } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { classify, webWords } from './classify.ts'
import type { Command } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import { treat } from './command-rules.ts'
import { isScriptable } from './fill.ts'
import type { Hub } from './hub.ts'
import { tryAtDoor } from './introductions.ts'
import { mostLosses } from './losses.ts'
import { Multi } from './multi.ts'
import { Own, type OwnHost } from './own.ts'
import type { Pool } from './pool.ts'
import { routeOf } from './routes.ts'
import type { SessionState } from './session-state.ts'
import { canWaitHere, startBlocking } from './start-blocking.ts'
import { isTooLong, Stranger } from './stranger.ts'
import type { Waiter } from './waiter.ts'
import { noPrimary, ok } from './words.ts'

/** The session, as far as deciding about its commands needs to know it. */
export interface StepHost extends OwnHost {
  /** Takes the head of the queue and answers it. */
  readonly answer: (bytes: Buffer) => true
  /** Takes the head of the queue: it is under way alone. */
  readonly begin: (command: Command) => void
  readonly isUnderWay: (command: Command) => boolean
  /** The pool will ask for a share. */
  readonly enlist: (pool: Pool) => false
  /** The session is over: its last answers leave first, or not. */
  readonly quit: (answer: Buffer) => void
  readonly close: () => void
  /** What stood in the way is gone. */
  readonly pump: () => void
}

/** Decides how the command at the head of a session's queue goes on. */
export class Steps {
  private own: Own | null = null
  /** Beside a connection on which the client watches. */
  private aside: Own | null = null
  private waiter: Waiter | null = null
  private readonly hub: Hub
  private readonly host: StepHost
  private readonly state: SessionState
  private readonly multi: Multi
  private readonly stranger: Stranger
  private pool: Pool | null = null
  private elevated: Pool | null = null
  private readonly pump = (): void => {
    this.host.pump()
  }

  constructor(hub: Hub, host: StepHost, queue: CommandQueue, state: SessionState) {
    this.hub = hub
    this.host = host
    this.state = state
    this.stranger = new Stranger(hub, state, this.pump)
    this.multi = new Multi(hub, host, queue, state, {
      rights: () => this.poolOf(),
      unwatch: () => this.own?.unwatch(),
      reset: () => this.resetAll(),
    })
  }

  /** Subscribed in RESP2, or watching as MONITOR does: everything is answered on that connection. */
  get boundToOwn(): boolean {
    return this.state.monitoring || (this.state.subscribed && this.state.protocol === 2)
  }

  /** @returns false: the head of the queue has to wait */
  take(command: Command): boolean {
    const { hub, state } = this
    if (command.request.name === 'QUIT') {
      this.host.quit(ok)
      return false
    }
    if (webWords.has(command.request.name) || command.losses >= mostLosses) {
      this.host.close()
      return false
    }
    const treatment = treat(command.request, hub.databases)
    if (treatment.kind === 'refuse' && state.known) {
      this.multi.abort()
      return this.host.answer(encodeError(treatment.error))
    }
    const target = hub.target()
    if (target === null) {
      hub.watch()
      return false
    }
    if (!state.known) return this.takeStrangers(command, target)
    classify(command, this.hub)
    if (!this.poolOf().knowsRights(this.pump)) {
      hub.watch()
      return false
    }
    if (this.multi.open) return this.multi.take(command)
    if (this.boundToOwn && (command.route !== 'reset' || command.facts === undefined))
      return this.startOwn(command)
    if (this.mayShare(command)) return this.share(command)
    switch (command.route) {
      case 'multi':
        return this.multi.begin(command)
      case 'exec':
      case 'read':
        return this.startOwn(command)
      case 'unblock':
        return this.host.answer(hub.blocking.unblock(command.request))
      case 'door':
        return this.startDoor(command)
      case 'client-id':
        return this.host.answer(Buffer.from(`:${String(this.host.id)}\r\n`))
      case 'reset':
        this.resetAll()
        return this.host.answer(resetAnswer)
      case 'blocking':
        return this.startBlocking(command)
      default:
        return this.startOwn(command)
    }
  }

  /**
   * Whether a connection that others share may carry it, if any can: asked of the head of the queue and, when a share is filled, of
   * each command in it. Everything else sets a connection up, ends it, or needs one of its own.
   */
  mayShare(command: Command): boolean {
    if (!this.state.known) return false
    classify(command, this.hub)
    if (command.refused || this.multi.open || this.boundToOwn) return false
    switch (command.route) {
      case 'write':
        // what a script reads is tracked too
        return this.state.tracking === null || !scripts.has(command.request.name)
      case 'once':
      case 'discard':
        return true
      case 'read':
        return this.state.tracking === null
      case 'exec':
        return command.block === null || !(command.direct || this.state.watching)
      case 'unblock':
        return command.facts === undefined || !this.poolOf().unrestricted(command)
      case 'door':
        return false
      default:
        // Redis says why it does not take it
        return command.facts === undefined
    }
  }

  private takeStrangers(command: Command, target: Primary): boolean {
    const { route, facts } = routeOf(command.request, this.hub.commands())
    if (route === 'door' && !isTooLong(command.request)) return this.startDoor(command)
    if (route === 'reset' && facts !== undefined) {
      this.resetAll()
      return this.host.answer(resetAnswer)
    }
    // Redis has words of its own for an EXEC that it refuses
    const answer = this.stranger.answerTo(command, target, facts !== undefined && route !== 'exec')
    if (answer !== null) return this.host.answer(answer)
    this.hub.watch()
    return false
  }

  private share(command: Command): false {
    if (command.route === 'write') {
      if (this.needsTransaction(command)) return this.startOwn(command, this.state.watching)
      return this.sendWrite(command)
    }
    if (command.route !== 'exec') return this.enlist()
    if (command.block !== null) return this.sendWrite(command)
    if (command.facts === undefined) this.multi.end()
    return this.enlist()
  }

  /** The session's own connections that there are. */
  eachOwn(visit: (own: Own) => void): void {
    if (this.own !== null) visit(this.own)
    if (this.aside !== null) visit(this.aside)
  }

  /** Another user, database or protocol: other connections are shared. */
  stateChanged(): void {
    this.release()
  }

  release(): void {
    for (const pool of [this.pool, this.elevated]) if (pool !== null) this.hub.release(pool)
    this.pool = null
    this.elevated = null
  }

  /** Its time is over before it ran, which is what its client is told. */
  giveUp(command: Command): Buffer {
    this.multi.gaveUp(command)
    // it still has not said who it is, and may try again
    if (!this.state.known) this.host.stateChanged()
    this.hub.counters.tryAgain++
    return noPrimary
  }

  /** The command that is under way was uncertain for too long. */
  expire(command: Command): void {
    this.eachOwn((own) => {
      own.expire()
    })
    this.waiter?.expire()
    if (this.waiter !== null || !this.host.isUnderWay(command)) return
    // Redis was only asked: nothing comes of its answer any more
    this.host.specialDone(command, this.giveUp(command))
  }

  discard(): void {
    this.multi.forget()
    this.discardOwn()
    this.waiter?.drop()
  }

  private discardOwn(): void {
    this.eachOwn((own) => {
      own.discard()
    })
    this.own = null
    this.aside = null
  }

  /** @returns false: the answer of what waited is on its way after all */
  giveUpBlocking(): boolean {
    if (this.waiter?.giveUp() === false) return false
    this.discardOwn()
    return true
  }

  private needsTransaction(command: Command): boolean {
    if (this.hub.delivery !== 'exactly-once' || command.direct) return false
    return this.poolOf().batching && !isScriptable(command, this.state.protocol)
  }

  /** To the lanes; those of the gateway's own user, when the session's may run no batch: Redis is asked there what it may. */
  private sendWrite(command: Command): false {
    if (command.direct || !this.poolOf().indirect) return this.enlist()
    if (!this.canBeAsked(command)) return command.block === null ? this.enlist() : this.startOwn(command)
    this.elevated ??= this.hub.elevatedPoolOf(this.state)
    if (!this.elevated.indirect) return this.host.enlist(this.elevated)
    // nobody may keep a marker: it goes as it is, once
    command.direct = true
    return command.block === null ? this.enlist() : this.startOwn(command)
  }

  private canBeAsked(command: Command): boolean {
    if (command.direct || command.refused) return false
    const { protocol } = this.state
    if (command.route === 'exec') return command.block?.every((one) => isScriptable(one, protocol)) === true
    return command.route === 'write' && isScriptable(command, protocol)
  }

  private resetAll(): void {
    this.multi.forget()
    this.discardOwn()
    this.state.reset()
    this.host.stateChanged()
  }

  private enlist(): false {
    return this.host.enlist(this.poolOf())
  }

  private poolOf(): Pool {
    this.pool ??= this.hub.poolOf(this.state)
    return this.pool
  }

  private startDoor(command: Command): false {
    const trial = { commands: [command.wire()], wanted: 1 }
    return tryAtDoor(this.hub, this.host, this.state, command, trial, (answer) => {
      if (answer[0] !== replyType.error && answer[0] !== replyType.bulkError) {
        this.state.accept(command.request)
        this.eachOwn((own) => {
          own.follow(command)
        })
      }
      this.host.stateChanged()
      return answer
    })
  }

  private startBlocking(command: Command): false {
    const { hub, host, state } = this
    const tracked = state.tracking !== null && command.facts?.write !== true
    if (tracked || !canWaitHere(command)) return this.startOwn(command)
    if (hub.target() === null || hub.holding()) {
      hub.watch()
      return false
    }
    host.begin(command)
    startBlocking(
      hub,
      {
        sessionId: host.id,
        state,
        rights: this.poolOf(),
        isUnderWay: () => host.isUnderWay(command),
        waits: (waiter) => {
          this.waiter = waiter
        },
        done: (answer) => {
          host.specialDone(command, answer)
        },
        direct: () => {
          this.runOwn(command)
        },
        again: () => {
          host.specialDone(command, null)
        },
      },
      command,
    )
    return false
  }

  private startOwn(command: Command, aside = false): false {
    if (this.hub.target() === null || this.hub.holding()) {
      this.hub.watch()
      return false
    }
    this.host.begin(command)
    if (aside) this.runAside(command)
    else this.runOwn(command)
    return false
  }

  private runAside(command: Command): void {
    this.aside ??= new Own(this.hub, this.host, this.state, true)
    this.aside.run(command)
  }

  private runOwn(command: Command): void {
    if (!this.state.watching) this.aside?.discard()
    if (!this.state.watching) this.aside = null
    this.own ??= new Own(this.hub, this.host, this.state)
    this.own.run(command)
  }
}

const scripts = new Set(['EVAL', 'EVALSHA', 'FCALL'])

const resetAnswer = Buffer.from('+RESET\r\n')
