import type { Command } from './command.ts'
import type { HeldCommand } from './held-answers.ts'
import { settleRefused, splitLost, type Answered } from './outcome.ts'
import { noPrimary, uncertain } from './words.ts'

export interface Loss {
  /** In order: what the client is told instead of answers. */
  readonly told: readonly { readonly command: Command; readonly words: Buffer }[]
  /** In order, behind those: to be sent again. */
  readonly again: readonly Command[]
  /** Something that shapes the session has no certain answer: the connection cannot go on. */
  readonly torn: boolean
}

/**
 * An upstream is lost with commands in flight. Exactly-once replay takes its place here: what is `uncertain` now could be asked
 * of the next primary.
 * @param held answers that came and will not be confirmed, older than `sent`
 */
export function lostInFlight(
  held: readonly HeldCommand[],
  sent: readonly Command[],
  replayable: (command: Command) => boolean,
): Loss {
  const lost = splitLost([...held.map((one) => one.command), ...sent], replayable)
  return loss(
    lost.uncertain.map((command) => ({ command, words: uncertain })),
    lost.again,
  )
}

/** The upstream is lost while a pipeline with refused commands was being collected. */
export function lostWhileCollecting(
  collected: readonly Answered[],
  sent: readonly Command[],
  replayable: (command: Command) => boolean,
): Loss {
  const open = sent.map((command) => ({
    command,
    reply: command.answer ?? uncertain,
    refused: false,
    replayable: replayable(command),
  }))
  const { deliver, again } = settleRefused([...collected, ...open])
  return loss(
    deliver.map(({ command, reply }) => ({ command, words: reply === 'refused' ? noPrimary : uncertain })),
    again,
  )
}

function loss(told: Loss['told'], again: readonly Command[]): Loss {
  return { told, again, torn: told.some(({ command }) => command.kind !== 'plain') }
}
