import type { Primary } from '../discovery/discovery.ts'
import { encodeCommand, encodeError } from '../resp/encode.ts'
import { unauthenticatedLimits } from '../resp/limits.ts'
import type { Request } from '../resp/request.ts'
import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import type { SessionState } from './session-state.ts'

const ping = encodeCommand(['PING'])
const retryMs = 20

export const noAuth = encodeError('NOAUTH Authentication required.')
/** Redis' words for any EXEC that it does not take. */
const noAuthExec = encodeError('EXECABORT Transaction discarded because of: NOAUTH Authentication required.')

/**
 * A client that has not said who it is. Redis decides when somebody connects whether they must, and a password may be set or taken
 * away at any time: so each is told apart at the door, where every question begins as a new connection does, and nothing of a
 * stranger's reaches a connection that others share, or the rights of the gateway's own user.
 */
export class Stranger {
  private readonly hub: Hub
  private readonly state: SessionState
  private readonly pump: () => void
  private asking = false
  /** What is to be said to the command that was asked about. */
  private verdict: { readonly command: Command; readonly answer: Buffer } | null = null

  /** @param pump something is known now */
  constructor(hub: Hub, state: SessionState, pump: () => void) {
    this.hub = hub
    this.state = state
    this.pump = pump
  }

  /**
   * @param named the server has such a command, with so many arguments, and refuses it like any; otherwise it is to say so itself
   * @returns null: not known yet
   */
  answerTo(command: Command, target: Primary, named: boolean): Buffer | null {
    const { verdict } = this
    this.verdict = null
    if (verdict?.command === command) return verdict.answer
    if (!this.asking) this.ask(command, target, named)
    return null
  }

  private ask(command: Command, target: Primary, named: boolean): void {
    const { strangers } = this.hub
    this.question(target, ping, (answer) => {
      strangers.refused = answer.toString('latin1').startsWith('-NOAUTH')
      if (!strangers.refused) {
        this.state.admitted = true
        this.pump()
      } else if (named || isTooLong(command.request))
        this.judge(command, command.request.name === 'EXEC' ? noAuthExec : noAuth)
      else
        this.question(target, command.wire(), (words) => {
          this.judge(command, words)
        })
    })
  }

  private judge(command: Command, answer: Buffer): void {
    this.verdict = { command, answer }
    this.pump()
  }

  private question(target: Primary, bytes: Buffer, then: (answer: Buffer) => void): void {
    this.asking = true
    this.hub.door.ask(target, {
      restore: [],
      commands: [bytes],
      wanted: 1,
      isWanted: () => true,
      done: (answer) => {
        this.asking = false
        if (answer !== null) then(answer)
        else setTimeout(this.pump, retryMs)
      },
    })
  }
}

/** Redis takes no longer and no more words from strangers, and ends their connection. */
export function isTooLong({ argc, length }: Request): boolean {
  return argc > unauthenticatedLimits.elements || length > unauthenticatedLimits.bulkBytes
}
