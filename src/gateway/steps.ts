import { flushAllScript } from '../insync/scripts.ts'
import { encodeCommand, encodeError } from '../resp/encode.ts'
import { unauthenticatedLimits } from '../resp/limits.ts'
import type { Request } from '../resp/request.ts'
import { askRights } from './approval.ts'
import type { Command } from './command.ts'
import type { CommandQueue } from './command-queue.ts'
import { treat } from './command-rules.ts'
import { cursorAt, cursorForRedis } from './cursors.ts'
import { isScriptable } from './fill.ts'
import type { Hub } from './hub.ts'
import { introduce } from './introductions.ts'
import { Multi } from './multi.ts'
import { Own, type OwnHost } from './own.ts'
import type { Pool } from './pool.ts'
import { routeOf } from './routes.ts'
import type { SessionState } from './session-state.ts'
import { canWaitHere, startBlocking } from './start-blocking.ts'
import type { Waiter } from './waiter.ts'
import { ok } from './words.ts'

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

/** Commands of one session that are asked for together whether its user may run them. */
const mostAsked = 64

/** Decides how the command at the head of a session's queue goes on. */
export class Steps {
  private own: Own | null = null
  /** Beside a connection on which the client watches. */
  private aside: Own | null = null
  private waiter: Waiter | null = null
  private readonly hub: Hub
  private readonly host: StepHost
  private readonly queue: CommandQueue
  private readonly state: SessionState
  private readonly multi: Multi
  private pool: Pool | null = null
  private elevated: Pool | null = null

  constructor(hub: Hub, host: StepHost, queue: CommandQueue, state: SessionState) {
    this.hub = hub
    this.host = host
    this.queue = queue
    this.state = state
    this.multi = new Multi(hub, host, state, {
      rights: () => this.poolOf(),
      watchBroken: () => this.own?.watchBroken === true,
      unwatch: () => this.own?.unwatch(),
      reset: () => this.resetAll(),
    })
  }

  /** It has not said who it is: Redis answers everything with NOAUTH. */
  get unknownClient(): boolean {
    return this.hub.passwordRequired && !this.state.authenticated
  }

  /** Subscribed in RESP2, or watching as MONITOR does: everything is answered on that connection. */
  get boundToOwn(): boolean {
    return this.state.monitoring || (this.state.subscribed && this.state.protocol === 2)
  }

  classify(command: Command): void {
    if (command.route !== null) {
      if (command.cursorAt > 0) this.placeCursor(command)
      return
    }
    const { route, facts } = routeOf(command.request, this.hub.commands())
    command.route = route
    command.facts = facts
    const treatment = treat(command.request, this.hub.databases)
    command.refused = treatment.kind === 'refuse'
    if (facts === undefined || this.unknownClient) return
    this.hub.scripts.saw(command.request)
    command.cursorAt = cursorAt(command.request.name)
    if (command.cursorAt > 0) this.placeCursor(command)
    if (treatment.kind !== 'flush-all') return
    const { mode } = treatment
    command.replacement = encodeCommand(['EVAL', flushAllScript, '0', mode, String(this.hub.markersDb)])
  }

  /** Its cursor as the present primary knows it, or from the beginning. Its answer is changed, so no script carries it. */
  private placeCursor(command: Command): void {
    const { request, cursorAt: at } = command
    command.direct = true
    command.cursorEpoch = this.hub.target()?.epoch.number ?? 0
    const cursor = cursorForRedis(request.arg(at) ?? '', command.cursorEpoch)
    if (cursor !== null) command.replacement = encodeCommand(request.args().with(at, cursor), 'latin1')
  }

  /** @returns false: the head of the queue has to wait */
  take(command: Command): boolean {
    const { hub, state } = this
    if (command.request.name === 'QUIT') {
      this.host.quit(ok)
      return false
    }
    if (webWords.has(command.request.name)) {
      this.host.close()
      return false
    }
    const treatment = treat(command.request, hub.databases)
    if (treatment.kind === 'refuse' && !this.unknownClient) {
      this.multi.abort()
      return this.host.answer(encodeError(treatment.error))
    }
    if (hub.commands().size === 0 || hub.target() === null) {
      hub.watch()
      return false
    }
    this.classify(command)
    if (this.unknownClient && command.route !== 'door' && command.route !== 'reset') {
      if (isTooLong(command.request)) return this.host.answer(noAuth)
      return this.enlist()
    }
    if (
      !this.unknownClient &&
      !this.poolOf().knowsRights(() => {
        this.host.pump()
      })
    ) {
      hub.watch()
      return false
    }
    if (this.multi.open) return this.multi.take(command)
    if (this.boundToOwn && (command.route !== 'reset' || command.facts === undefined))
      return this.startOwn(command)
    switch (command.route) {
      case 'multi':
        return command.facts === undefined ? this.enlist() : this.multi.begin(command)
      case 'exec':
        if (command.block === null) {
          if (command.facts === undefined) this.multi.end()
          return this.enlist()
        }
        return command.direct || state.watching ? this.startOwn(command) : this.sendWrite(command)
      case 'read':
        return state.tracking !== null ? this.startOwn(command) : this.enlist()
      case 'write':
        if (!this.needsTransaction(command)) return this.sendWrite(command)
        return this.startOwn(command, state.watching)
      case 'unblock':
        if (command.facts === undefined || !this.poolOf().unrestricted(command)) return this.enlist()
        return this.host.answer(hub.blocking.unblock(command.request))
      case 'door':
        return this.startDoor(command)
      case 'client-id':
        if (command.facts === undefined) return this.enlist()
        return this.host.answer(Buffer.from(`:${String(this.host.id)}\r\n`))
      case 'reset':
        if (command.facts === undefined) return this.enlist()
        this.resetAll()
        return this.host.answer(resetAnswer)
      case 'blocking':
        if (command.facts === undefined) return this.enlist()
        return this.startBlocking(command)
      case 'own':
      case 'subscription':
      case 'monitor':
      case 'watch':
      case 'unwatch':
      case 'tracking':
        return command.facts === undefined ? this.enlist() : this.startOwn(command)
      default:
        return this.enlist()
    }
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

  /** EXEC was refused before it could run. */
  forgetTransaction(): void {
    this.multi.forget()
  }

  /** What is under way was uncertain for too long. */
  expire(): void {
    this.eachOwn((own) => {
      own.expire()
    })
    this.waiter?.expire()
  }

  discard(): void {
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

  /** To the lanes; those of the gateway's own user, when the session's may run the command and no batch. */
  private sendWrite(command: Command): false {
    if (command.direct || !this.poolOf().indirect) return this.enlist()
    if (command.approved) {
      this.elevated ??= this.hub.elevatedPoolOf(this.state)
      return this.host.enlist(this.elevated)
    }
    if (!this.canBeAsked(command)) {
      if (command.block === null) return this.enlist()
      return this.startOwn(command)
    }
    const control = this.hub.control()
    if (control === null || this.hub.holding()) {
      this.hub.watch()
      return false
    }
    const run: Command[] = []
    for (
      let next = this.queue.at(0);
      next !== undefined && run.length < mostAsked;
      next = this.queue.at(run.length)
    ) {
      this.classify(next)
      if (!this.canBeAsked(next) || (next.block !== null && run.length > 0)) break
      run.push(next)
      if (next.block !== null) break
    }
    this.host.begin(command)
    askRights(control, this.state.user, run, () => {
      this.host.specialDone(command, null)
    })
    return false
  }

  private canBeAsked(command: Command): boolean {
    if (command.direct || command.approved || command.refused) return false
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
    const target = this.hub.target()
    if (target === null || this.hub.holding()) {
      this.hub.watch()
      return false
    }
    this.host.begin(command)
    introduce(this.hub.door, target, this.state, this.hub.setter, command, (answer, accepted) => {
      if (!this.host.isUnderWay(command)) return
      if (accepted) {
        this.state.accept(command.request)
        this.eachOwn((own) => {
          own.follow(command)
        })
      }
      if (answer !== null) this.host.stateChanged()
      this.host.specialDone(command, answer)
    })
    return false
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

/** The first words of a web page that posts a form at Redis: redis-server ends such a connection without a word. */
const webWords = new Set(['POST', 'HOST:'])

/** A line of somebody who is nobody may have more and longer words than Redis takes from them as an array. */
function isTooLong({ inline, argc, length }: Request): boolean {
  return (
    inline !== null && (argc > unauthenticatedLimits.elements || length > unauthenticatedLimits.bulkBytes)
  )
}

const noAuth = encodeError('NOAUTH Authentication required.')
const resetAnswer = Buffer.from('+RESET\r\n')
