import { encodeError } from '../resp/encode.ts'
import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import type { Pool } from './pool.ts'
import type { SessionState } from './session-state.ts'
import type { StepHost } from './steps.ts'
import { Transaction } from './transaction.ts'
import { ok } from './words.ts'

interface Surroundings {
  /** The pool knows what the user may do. */
  readonly rights: () => Pool
  readonly watchBroken: () => boolean
  readonly unwatch: () => void
  readonly reset: () => void
}

/** A session's MULTI. It is queued here; what is not certain to be queued by Redis as well, Redis is asked about. */
export class Multi {
  private readonly hub: Hub
  private readonly host: StepHost
  private readonly state: SessionState
  private readonly around: Surroundings
  private transaction: Transaction | null = null

  constructor(hub: Hub, host: StepHost, state: SessionState, around: Surroundings) {
    this.hub = hub
    this.host = host
    this.state = state
    this.around = around
  }

  get open(): boolean {
    return this.transaction !== null
  }

  forget(): void {
    this.transaction = null
  }

  /** Something could not be queued: EXEC will say so. */
  abort(): void {
    this.transaction?.abort()
  }

  begin(command: Command): boolean {
    if (this.around.rights().unrestricted(command)) {
      this.transaction = new Transaction()
      return this.host.answer(ok)
    }
    return this.askDoor(command, [command.wire(), discard], (answer) => {
      if (answer.equals(ok)) this.transaction = new Transaction()
      return answer
    })
  }

  take(command: Command): boolean {
    const { hub, host, state, transaction } = this
    if (transaction === null) return false
    const { facts } = command
    switch (facts === undefined ? 'unknown' : command.route) {
      case 'multi':
        return host.answer(encodeError('ERR MULTI calls can not be nested'))
      case 'watch':
        return host.answer(encodeError('ERR WATCH inside MULTI is not allowed'))
      case 'discard':
        this.end()
        return host.answer(ok)
      case 'reset':
        this.around.reset()
        return host.answer(resetAnswer)
      case 'exec':
        this.transaction = null
        if (transaction.aborted || this.around.watchBroken()) {
          this.forgetWatch()
          if (transaction.aborted) return host.answer(execAbort)
          return host.answer(state.protocol === 3 ? nullReply : nullArray)
        }
        command.block = transaction.commands
        if (transaction.commands.length === 0 && !state.watching) return host.answer(emptyArray)
        if (hub.delivery !== 'exactly-once' || state.watching) command.direct = true
        return true
      default:
        if (facts === undefined || facts.noMulti || !this.around.rights().unrestricted(command))
          return this.askDoor(command, [multi, command.wire(), discard], (answer) => {
            if (answer.equals(queued)) return this.add(transaction, command)
            transaction.abort()
            // even an EXEC that Redis does not take ends the MULTI
            if (command.route === 'exec') this.end()
            return answer
          })
        return host.answer(this.add(transaction, command))
    }
  }

  private add(transaction: Transaction, command: Command): Buffer {
    return transaction.add(command, this.hub.limits.parkedBytes) ? queued : tooLarge
  }

  /** Redis itself says whether it would take this. The reply meant is the one before DISCARD's. */
  private askDoor(command: Command, commands: readonly Buffer[], judge: (answer: Buffer) => Buffer): boolean {
    const { hub, host } = this
    const target = hub.target()
    if (target === null || hub.holding()) {
      hub.watch()
      return false
    }
    host.begin(command)
    hub.door.ask(target, {
      restore: this.state.restore(hub.setter),
      commands,
      wanted: 2,
      done: (answer) => {
        host.specialDone(command, answer === null ? null : judge(answer))
      },
    })
    return false
  }

  /** Whatever was queued or watched is forgotten. */
  end(): void {
    this.transaction = null
    this.forgetWatch()
  }

  private forgetWatch(): void {
    if (this.state.watching) this.around.unwatch()
    this.state.watching = false
  }
}

const multi = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const discard = Buffer.from('*1\r\n$7\r\nDISCARD\r\n')
const queued = Buffer.from('+QUEUED\r\n')
const resetAnswer = Buffer.from('+RESET\r\n')
const tooLarge = encodeError('ERR the transaction is larger than the limit')
const execAbort = encodeError('EXECABORT Transaction discarded because of previous errors.')
const nullArray = Buffer.from('*-1\r\n')
const nullReply = Buffer.from('_\r\n')
const emptyArray = Buffer.from('*0\r\n')
