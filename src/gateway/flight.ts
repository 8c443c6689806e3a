import type { InSyncRecord } from '../insync/record.ts'
import { parseRecord, recordFields } from '../insync/record.ts'
import type { ReplyFramer } from '../resp/reply-framer.ts'
import { replyType } from '../resp/reply-framer.ts'
import { ElementReader } from './batch-reply.ts'
import type { Command } from './command.ts'
import { cursorForClient } from './cursors.ts'
import { isRefusal } from './refusals.ts'
import type { Flush, Share } from './share.ts'

/** What became of a batch. `ran`: its status, and how many of its commands ran. `error`: the script itself was answered by an error. */
export type BatchOutcome =
  | {
      readonly kind: 'ran'
      readonly status: string
      readonly count: number
      readonly record: InSyncRecord | null
    }
  | { readonly kind: 'none'; readonly status: string; readonly words: string }
  | { readonly kind: 'error'; readonly words: string }

const statusFields = 2 + recordFields.length

/** Brings the raw commands' replies of one flush to their shares. */
export class RawReader {
  left: number
  private readonly shares: readonly Share[]
  private share = 0
  private place = 0

  constructor(flush: Flush) {
    this.shares = flush.rawShares
    this.left = flush.raws
  }

  /** Takes what the framer has. @returns false: more must come */
  read(framer: ReplyFramer): boolean {
    let bytes: Buffer | null = null
    let start = 0
    let end = 0
    let current: Share | undefined
    const close = (): void => {
      if (bytes !== null) current?.pieces.push(bytes.subarray(start, end))
      bytes = null
    }
    while (this.left > 0) {
      if (!framer.next()) {
        close()
        return false
      }
      if (framer.type === replyType.push) continue
      let share = this.shares[this.share]
      if (share !== undefined && this.place >= share.commands.length) {
        share.answered = true
        share = this.shares[++this.share]
        this.place = 0
      }
      if (share !== current) {
        close()
        current = share
      }
      if (share === undefined) throw new Error('a reply without a command')
      this.left--
      const place = this.place++
      if (framer.type === replyType.error && isRefusal(framer.bytes, framer.start, framer.end)) {
        share.refusals ??= new Map()
        share.refusals.set(place, framer.slice())
      }
      if (share.refusals !== null || !share.simple) {
        close()
        const command = share.commands[place]
        if (command !== undefined) command.answer = answerOf(command, framer.slice())
        continue
      }
      share.settled++
      if (bytes !== framer.bytes) {
        close()
        bytes = framer.bytes
        start = framer.start
      }
      end = framer.end
    }
    close()
    if (current !== undefined) current.answered = true
    return true
  }
}

function answerOf(command: Command, reply: Buffer): Buffer {
  return command.cursorAt > 0 ? cursorForClient(reply, command.cursorEpoch) : reply
}

/** @param at where the batch's reply begins within `bytes` */
export function readBatchOutcome(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly outcome: BatchOutcome; readonly reader: ElementReader | null } {
  if (bytes[at] !== replyType.array)
    return {
      outcome: { kind: 'error', words: bytes.toString('latin1', at + 1, Math.min(end, at + 300)).trim() },
      reader: null,
    }
  const reader = new ElementReader(bytes, at)
  const status = reader.text() ?? ''
  if (reader.count < statusFields) {
    const words = reader.count > 1 ? (reader.text() ?? '') : ''
    return { outcome: { kind: 'none', status, words }, reader }
  }
  const fields = recordFields.map(() => reader.text())
  const count = Number(reader.text())
  return { outcome: { kind: 'ran', status, count, record: parseRecord(fields) }, reader }
}

/**
 * Gives the commands of the flush's batch their answers.
 * @param count how many ran; with `recordedOnly` the replies are those a marker kept: of commands other than `r`
 */
export function answerItems(flush: Flush, reader: ElementReader, count: number, recordedOnly: boolean): void {
  let left = count
  for (const share of flush.batchShares) {
    const { commands } = share
    if (share.simple && !recordedOnly && commands.length <= left) {
      const from = reader.at
      reader.skipMany(commands.length)
      share.pieces.push(reader.bytes.subarray(from, reader.at))
      share.settled = commands.length
      left -= commands.length
    } else {
      for (const command of commands) {
        if (recordedOnly && command.letter === 'r') continue
        const { block } = command
        if ((block?.length ?? 1) > left) return
        left -= block?.length ?? 1
        command.answer = block === null ? take(command, reader) : answerOfBlock(block, reader)
      }
    }
    share.answered = true
  }
}

/** EXEC is answered by all of its commands' replies. It runs as a whole or not at all. */
function answerOfBlock(block: readonly Command[], reader: ElementReader): Buffer {
  const answers: Buffer[] = [Buffer.from(`*${String(block.length)}\r\n`)]
  for (const command of block) answers.push(take(command, reader))
  return Buffer.concat(answers)
}
const nullArray = Buffer.from('*-1\r\n')
const plus = 43
const colon = 58

function take(command: Command, reader: ElementReader): Buffer {
  const from = reader.at
  const to = reader.skip()
  const { bytes } = reader
  if (command.carriage === 'null-array' && bytes[from] === replyType.bulk && bytes[from + 1] === 45)
    return nullArray
  // the script's `+:9007199254740993`
  if (command.carriage === 'integer' && bytes[from] === plus && bytes[from + 1] === colon)
    return bytes.subarray(from + 1, to)
  return bytes.subarray(from, to)
}
