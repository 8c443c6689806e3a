import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import { dryRun, refuse } from './approval.ts'
import type { Command } from './command.ts'
import { isRefusal } from './refusals.ts'
import { Flush, type Share } from './share.ts'

interface Asked {
  readonly share: Share
  readonly command: Command
  /** The command itself, or one of its block. */
  readonly one: Command
}

/**
 * Asks whether those may run a flush's commands for whom it runs as the gateway's own user. On the connection on which it is about to
 * leave, so that it leaves as soon as the answers are there: a right that was cut while a command waited is gone for it.
 */
export class RightsQuestion {
  readonly flush: Flush
  readonly sinceMs: number
  private readonly asked: readonly Asked[]
  private answered = 0
  private readonly back = new Set<Share>()
  /** The server answers nothing now. */
  unable = false

  private constructor(flush: Flush, asked: readonly Asked[], nowMs: number) {
    this.flush = flush
    this.asked = asked
    this.sinceMs = nowMs
    for (const share of flush.shares) share.unsent = true
  }

  /** @returns null: nobody has to be asked about */
  static about(flush: Flush, nowMs: number): RightsQuestion | null {
    const asked: Asked[] = []
    for (const share of flush.batchShares) {
      if (share.asksFor === null) continue
      for (const command of share.commands)
        for (const one of command.block ?? [command]) asked.push({ share, command, one })
    }
    return asked.length === 0 ? null : new RightsQuestion(flush, asked, nowMs)
  }

  bytes(): readonly Buffer[] {
    return [Buffer.concat(this.asked.map(({ share, one }) => dryRun(share.asksFor ?? '', one)))]
  }

  /** Takes what the framer has. @returns false: more must come */
  read(framer: ReplyFramer): boolean {
    while (this.answered < this.asked.length) {
      if (!framer.next()) return false
      if (framer.type === replyType.push) continue
      const asked = this.asked[this.answered++]
      if (asked === undefined || framer.slice().equals(ok)) continue
      this.back.add(asked.share)
      if (isRefusal(framer.bytes, framer.start, framer.end)) this.unable = true
      else refuse(asked.command, asked.one)
    }
    return true
  }

  /** Those of whom something may not run: nothing of theirs has. */
  get returned(): readonly Share[] {
    return [...this.back]
  }

  /** What may run, and is still wanted. */
  allowed(): Flush {
    const flush = new Flush(this.flush.limits)
    flush.alone = this.flush.alone
    const wanted = ({ cancelled }: Share): boolean => !cancelled
    for (const share of this.flush.rawShares.filter(wanted)) flush.add(share, true, share.commands.length, 0)
    for (const share of this.flush.batchShares.filter(wanted))
      if (!this.back.has(share)) flush.add(share, false, share.items, 0)
    for (const share of flush.shares) share.unsent = false
    return flush
  }
}

const ok = Buffer.from('+OK\r\n')
