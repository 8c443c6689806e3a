import type { Command } from './command.ts'

/**
 * What an error reply says about the command: `refused`: it did not run, because this node cannot run it now; it may be sent
 * again. Null: it is the command's own result.
 */
export function refusalOf(text: string): 'refused' | null {
  return refused.test(text) ? 'refused' : null
}

/**
 * The words redis-server 7 and valkey-server use when it runs nothing. EXECABORT with a cause: the transaction was dropped.
 * UNBLOCKED: the node ceased to be primary while the command waited.
 */
const refused =
  /^-(?:EXECABORT Transaction discarded because of: )?(?:READONLY You can't write against a read only|LOADING |MASTERDOWN |NOREPLICAS Not enough|MISCONF |BUSY (?:Redis|Valkey|Server) is busy|UNBLOCKED force unblock)/i

export interface Answered {
  readonly command: Command
  readonly reply: Buffer
  readonly refused: boolean
  /** It certainly has had no effect, or may have it twice. */
  readonly replayable: boolean
}

export interface Settlement {
  /** In order: what goes to the client; `again`: it did not run and cannot run any more at its place. */
  readonly deliver: readonly { readonly command: Command; readonly reply: Buffer | 'refused' }[]
  /** In order: to be sent again. */
  readonly again: readonly Command[]
}

/**
 * A pipeline of which something was refused. Everything behind the first refusal is run again at its place, unless a command
 * behind it ran that must not run twice: then what was refused before that one cannot run any more, or order would be lost.
 * @param answered from the first refused command on, all that had been sent, with their replies
 */
export function settleRefused(answered: readonly Answered[]): Settlement {
  const lastRun = answered.findLastIndex((one) => !one.refused && !one.replayable)
  return {
    deliver: answered
      .slice(0, lastRun + 1)
      .map(({ command, reply, refused: was }) => ({ command, reply: was ? ('refused' as const) : reply })),
    again: answered.slice(lastRun + 1).map(({ command }) => command),
  }
}

/**
 * Commands whose answers will never come: from the last one on that must not run twice, nothing can be sent again, since the
 * ones before it would then run behind it.
 */
export function splitLost(
  commands: readonly Command[],
  replayable: (command: Command) => boolean,
): { readonly uncertain: readonly Command[]; readonly again: readonly Command[] } {
  const last = commands.findLastIndex((command) => command.request !== null && !replayable(command))
  return { uncertain: commands.slice(0, last + 1), again: commands.slice(last + 1) }
}
