import { checkScript, markScript, openScript, recoverScript } from '../insync/marker-scripts.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { ElementReader } from './batch-reply.ts'
import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import { isRefusal } from './refusals.ts'
import type { SessionState } from './session-state.ts'
import { markerKeyOf } from './marker-key.ts'
import { uncertain } from './words.ts'

export interface TransactionRun {
  readonly block: readonly Command[]
  /** Not a client's MULTI: its one command's reply is the answer. */
  readonly single: boolean
  readonly target: Primary
  /** The client watches keys on this connection. */
  readonly watched: boolean
  readonly ask: (
    bytes: readonly Buffer[],
    replies: number,
    done: (replies: readonly Buffer[]) => void,
  ) => void
  readonly done: (answer: Buffer) => void
  /** Nothing ran: to be tried again, soon. */
  readonly again: () => void
}

const multi = encodeCommand(['MULTI'])
const exec = encodeCommand(['EXEC'])

/**
 * Transactions on a session's own connection, each with a marker as its last step. After a loss the marker tells whether one was
 * applied; its reply is lost with the connection, then.
 */
export class MarkedTransaction {
  /** Sent, and its outcome not known yet. */
  pending = false
  private readonly hub: Hub
  private readonly state: SessionState
  private readonly name: string
  private key: string
  /** Of how many markers it is: a late removal of one is never that of the next. */
  private generation = 0
  /** Which primary's connection the marker is known to stand for; null: none. */
  private madeOn: Primary | null = null
  private exists = false
  private token = 0
  private sequence = 0
  /** This user may not keep a marker: then what is lost stays uncertain. */
  private unmarked = false
  private current: TransactionRun | null = null
  /** It was answered, and the answer waits for its confirmation. */
  private answer: Buffer | null = null

  /** @param name of its marker, which no other connection of this gateway has */
  constructor(hub: Hub, state: SessionState, name: string) {
    this.hub = hub
    this.state = state
    this.name = name
    this.key = markerKeyOf(hub.gatewayId, name)
  }

  run(run: TransactionRun): void {
    this.current = run
    // with a marker, an EXEC would end what the client watches
    const alone = run.single && run.watched
    const marked = this.hub.delivery === 'exactly-once' && !this.unmarked && !alone
    if (!marked) {
      // what was watched stood on the connection that is lost
      const again = this.hub.delivery === 'at-least-once' && !run.watched
      if (this.pending && !again) this.end(run, uncertain)
      else this.send(run, false)
      return
    }
    if (this.madeOn === run.target && !this.pending) {
      this.send(run, true)
      return
    }
    this.prepare(run)
  }

  /** The outcome will not be asked for any more. */
  forget(): void {
    this.current = null
    this.pending = false
    this.madeOn = null
    this.answer = null
  }

  /** Takes the marker away, if there is one. */
  remove(): void {
    if (this.exists) this.hub.removeMarkers([this.key])
    this.exists = false
    this.madeOn = null
    this.key = markerKeyOf(this.hub.gatewayId, `${this.name}.${String(++this.generation)}`)
  }

  /** Makes the marker, or asks it what happened. */
  private prepare(run: TransactionRun): void {
    const { hub, key } = this
    const markersDb = String(hub.markersDb)
    this.token++
    const { exists } = this
    const bytes = exists
      ? encodeCommand(['EVAL', recoverScript, '1', key, markersDb, this.tokenText()])
      : encodeCommand([
          'EVAL',
          openScript,
          '2',
          key,
          hub.recordKey,
          markersDb,
          String(this.state.db),
          this.tokenText(),
        ])
    run.ask([bytes], 1, ([reply]) => {
      if (reply === undefined || this.current !== run) return
      if (isRefusal(reply, 0, reply.length)) {
        run.again()
        return
      }
      if (reply[0] === replyType.error) {
        this.unmarked = true
        this.run(run)
        return
      }
      const { target } = run
      hub.confirm({
        beginRound: () => undefined,
        confirmed: () => {
          if (this.current === run && this.hub.target() === target) this.prepared(run, exists, reply)
        },
      })
    })
  }

  private prepared(run: TransactionRun, existed: boolean, reply: Buffer): void {
    this.exists = true
    this.madeOn = run.target
    if (!existed) {
      this.sequence = 0
      if (this.pending) this.end(run, uncertain)
      else this.send(run, true)
      return
    }
    const reader = new ElementReader(reply, 0)
    const status = reader.text()
    const done = reader.count > 1 ? Number(reader.text()) : -1
    if (status !== 'OK') {
      this.exists = false
      this.madeOn = null
      if (this.pending) this.end(run, uncertain)
      else this.prepare(run)
      return
    }
    const applied = this.pending && done === this.sequence + 1
    this.sequence = done
    if (applied) {
      // the answer that had come is right; one that had not is lost
      if (this.answer !== null) this.hub.counters.duplicatesSuppressed++
      this.end(run, this.answer ?? uncertain)
      return
    }
    this.answer = null
    if (this.pending && run.watched) this.end(run, nullOf(this.state.protocol))
    else {
      if (this.pending) this.hub.counters.replayed++
      this.pending = false
      this.send(run, true)
    }
  }

  private send(run: TransactionRun, marked: boolean): void {
    const { block } = run
    const { markersDb } = this.hub
    const db = encodeCommand(['SELECT', String(this.state.db)])
    const before = marked
      ? [
          encodeCommand(['SELECT', String(markersDb)]),
          encodeCommand(['WATCH', this.key]),
          encodeCommand(['EVAL', checkScript, '1', this.key, this.tokenText(), String(this.sequence)]),
          db,
          ...this.state.cachingAgain(),
        ]
      : []
    const mark = marked
      ? [encodeCommand(['EVAL', markScript, '1', this.key, String(markersDb), String(this.sequence + 1)])]
      : []
    const plain = !marked && run.single
    const commands = block.map((command) => command.wire())
    const bytes = plain ? commands : [...before, multi, ...commands, ...mark, exec]
    this.pending = true
    run.ask(bytes, bytes.length, (replies) => {
      this.answered(run, replies, before.length, plain)
    })
  }

  private answered(run: TransactionRun, replies: readonly Buffer[], before: number, plain: boolean): void {
    if (this.current !== run) return
    const last = replies.at(-1) ?? nullArray
    if (plain) {
      if (isRefusal(last, 0, last.length)) this.tryAgain(run)
      else this.confirm(run, last)
      return
    }
    const refused = replies.find((reply) => isRefusal(reply, 0, reply.length))
    if (refused !== undefined) {
      this.tryAgain(run)
      return
    }
    const marked = before > 0
    const early = replies.slice(0, before).find((reply) => reply[0] === replyType.error)
    const markQueued = !marked || replies.at(-2)?.[0] !== replyType.error
    if (early !== undefined || !markQueued) {
      // this user may not keep markers; the transaction was not applied, or would not be with its marker
      this.unmarked = true
      this.pending = false
      if (last[0] === replyType.error && run.watched) this.end(run, nullOf(this.state.protocol))
      else if (last[0] === replyType.error) this.run(run)
      else this.confirm(run, strip(last, run, false))
      return
    }
    if (last[0] === replyType.error) {
      const own = replies
        .slice(before + 1, before + 1 + run.block.length)
        .find((reply) => reply[0] === replyType.error)
      this.end(run, run.single ? (own ?? last) : last)
      return
    }
    const isNull = last[0] === replyType.null || last.subarray(0, 3).equals(nullArray.subarray(0, 3))
    if (isNull) {
      const check = marked ? replies[2]?.toString('latin1') : '$2\r\nOK\r\n'
      if (check?.includes('OK') !== true) {
        // the marker is another's, or gone: nothing ran
        this.madeOn = null
        if (check?.includes('GONE') === true) this.exists = false
      } else if (run.watched) {
        this.end(run, last)
        return
      }
      this.tryAgain(run)
      return
    }
    if (marked) this.sequence++
    this.confirm(run, strip(last, run, marked))
  }

  private tryAgain(run: TransactionRun): void {
    this.pending = false
    // EXEC has ended the watch: a second one would run whatever has changed meanwhile
    if (run.watched && !run.single) this.end(run, nullOf(this.state.protocol))
    else run.again()
  }

  private confirm(run: TransactionRun, answer: Buffer): void {
    // until it is confirmed the outcome may still be another: the sequence is the one before, then
    this.answer = answer
    const { target } = run
    const { sequence } = this
    if (!this.unmarked) this.sequence = sequence - 1
    this.hub.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.current !== run || this.hub.target() !== target) return
        this.sequence = sequence
        this.end(run, answer)
      },
    })
  }

  private end(run: TransactionRun, answer: Buffer): void {
    this.current = null
    this.pending = false
    this.answer = null
    run.done(answer)
  }

  private tokenText(): string {
    return `${this.hub.gatewayId}.${String(this.token)}`
  }
}

/** The client's part of EXEC's reply: without the marker's element; of a single command its own reply. */
function strip(reply: Buffer, run: TransactionRun, marked: boolean): Buffer {
  const reader = new ElementReader(reply, 0)
  const from = reader.at
  const count = reader.count - (marked ? 1 : 0)
  for (let i = 0; i < count; i++) reader.skip()
  const body = reply.subarray(from, reader.at)
  return run.single ? body : Buffer.concat([Buffer.from(`*${String(count)}\r\n`), body])
}

const nullArray = Buffer.from('*-1\r\n')
const nullReply = Buffer.from('_\r\n')

/** EXEC's answer when something that was watched has changed. */
export function nullOf(protocol: 2 | 3): Buffer {
  return protocol === 3 ? nullReply : nullArray
}
