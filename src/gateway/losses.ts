import type { Primary } from '../discovery/discovery.ts'
import type { Flush, Share } from './share.ts'
import { uncertain } from './words.ts'

/** Whether the share has a command that must not run twice. */
export function hasWrite(share: Share): boolean {
  return share.commands.some((command) => !command.replayable)
}

/**
 * From the last one on that must not run twice, nothing can be sent again: the ones before it would then run behind it.
 */
export function loseRaw(share: Share): void {
  share.reset()
  const last = share.commands.findLastIndex((command) => !command.replayable)
  for (const command of share.commands.slice(0, last + 1)) command.answer = uncertain
}

/** The command at this place of the batch is one that Redis itself must answer. */
export function markDirect(flush: Flush, count: number): void {
  let left = count
  for (const { commands } of flush.batchShares)
    for (const command of commands) {
      const size = command.block?.length ?? 1
      if (left < size) {
        command.direct = true
        return
      }
      left -= size
    }
}

/** Whether the batch's commands ran cannot be known: reads behind the last write run again. */
export function makeUncertain(shares: readonly Share[]): void {
  for (const share of shares) {
    const last = share.commands.findLastIndex((command) => command.letter !== 'r')
    for (const command of share.commands.slice(0, last + 1)) command.answer ??= uncertain
  }
}

/** A command that was on so many lost connections to one primary may be why: it goes without others ... */
export const lossesTogether = 2
/** ... then by itself ... */
export const lossesInShare = 4
/** ... and then its session ends, as it would before Redis, which would have ended that connection and no other. */
export const mostLosses = 6

/** Connections were lost that these were under way on. Null: there is no primary now, and that is why. */
export function countLoss(shares: readonly Pick<Share, 'commands'>[], primary: Primary | null): void {
  if (primary === null) return
  for (const { commands } of shares)
    for (const command of commands) {
      command.losses = command.lostOn === primary ? command.losses + 1 : 1
      command.lostOn = primary
    }
}
