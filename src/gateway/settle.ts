import type { Share } from './share.ts'
import { tryAgain } from './words.ts'

/**
 * Puts a share's answers into order. What has none from some place on goes back to its session.
 * @returns the place from which commands go back; the share's length when all are answered
 */
export function settleShare(share: Share): number {
  if (share.refusals !== null) settleRefusals(share, share.refusals)
  const { commands } = share
  for (; share.settled < commands.length; share.settled++) {
    const answer = commands[share.settled]?.answer
    if (answer === null || answer === undefined) break
    share.pieces.push(answer)
  }
  return share.settled
}

/**
 * Everything behind the first refusal is run again at its place, unless a command behind it ran that must not run twice:
 * then what was refused before that one cannot run any more, or order would be lost.
 */
function settleRefusals(share: Share, refusals: ReadonlyMap<number, Buffer>): void {
  const { commands } = share
  const lastRun = commands.findLastIndex(
    (command, place) => command.answer !== null && !refusals.has(place) && !command.replayable,
  )
  for (let place = share.settled; place < commands.length; place++) {
    const command = commands[place]
    const words = refusals.get(place)
    if (command === undefined) continue
    if (place > lastRun) command.answer = null
    else if (words !== undefined) command.answer = tryAgain(words)
  }
}

/** Settles shares, and tells whoever still wants to know. */
export function settleAll(shares: readonly Share[]): void {
  for (const share of shares) {
    settleShare(share)
    if (!share.cancelled) share.owner.settled(share)
  }
}
