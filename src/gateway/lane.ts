import { confirmation } from '../insync/confirm.ts'
import type { InSyncRecord } from '../insync/record.ts'
import { decodeReply, ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { encodeBatch } from './batch-request.ts'
import { ElementReader } from './batch-reply.ts'
import type { Command } from './command.ts'
import { Connection } from './connection.ts'
import { answerItems, RawReader, readBatchOutcome, type BatchOutcome } from './flight.ts'
import { recordOf, roundOf } from './lane-replies.ts'
import { scripts } from './lane-scripts.ts'
import type { LaneContext } from './lane-context.ts'
import { isRefusal } from './refusals.ts'
import { settleShare } from './settle.ts'
import type { Flush, Share } from './share.ts'
import { uncertain } from './words.ts'
import { RequestBytes } from './write-runs.ts'

const waitMs = 250
const reset = encodeCommand(['RESET'])

interface Flight {
  readonly flush: Flush
  readonly raws: RawReader
  /** The batch's reply is still to come. */
  batch: boolean
  record: InSyncRecord | null
  /** What follows the commands: its replies, and how many are still to come. */
  readonly tail: Reply[]
  tailLeft: number
  outcome: BatchOutcome | null
  /** All its replies are there, and its own confirmation did not do. */
  unconfirmed: boolean
}

type State = 'down' | 'setting-up' | 'ready'

/**
 * A shared connection to the primary, as one user, in one database and protocol. It carries one flush at a time (several, when
 * nothing is confirmed on it), and remembers a batch whose outcome is not known until a marker tells it.
 */
export class Lane {
  /** It may run scripts as its user: batches, and confirmations of its own. */
  direct = false
  private state: State = 'down'
  private connection: Connection | null = null
  private primary: Primary | null = null
  private readonly context: LaneContext
  private readonly marker: string
  private flights: Flight[] = []
  private unresolved: Flush | null = null
  private hasMarker = false
  private token = 0
  private sequence = 0
  private setup: ((replies: readonly Reply[]) => void) | null = null
  private setupReplies: Reply[] = []
  private setupLeft = 0
  /** The last batch is not known to stand in step with its marker: the connection is opened anew before the next. */
  private spent = false

  constructor(context: LaneContext, marker: string) {
    this.context = context
    this.marker = marker
  }

  get busy(): boolean {
    return this.flights.length > 0 || this.unresolved !== null
  }

  /** It can take a flush now. */
  get free(): boolean {
    if (this.state !== 'ready' || this.spent || this.unresolved !== null) return false
    return this.flights.length < this.context.flightsAtOnce && this.connection?.full === false
  }

  get down(): boolean {
    return this.state === 'down'
  }

  /** The marker's key, when there is one to remove. */
  get markerKey(): string | null {
    return this.hasMarker ? this.marker : null
  }

  open(primary: Primary): void {
    this.state = 'setting-up'
    this.primary = primary
    this.spent = false
    this.direct = false
    const connection: Connection = new Connection(this.context.connect(primary.address, 'lane'), {
      onConnected: () => {
        this.introduce(connection, primary)
      },
      onReplies: (framer) => {
        this.read(framer)
      },
      onDrain: () => {
        this.context.freed()
      },
      onClosed: () => {
        this.lost()
      },
    })
    this.connection = connection
  }

  /** Nothing that was asked on this connection is to be believed any more. */
  close(): void {
    if (this.state === 'down') return
    this.connection?.discard()
    this.lost()
  }

  /** Ends the lane for good. What it has under way is given up. */
  discard(): void {
    this.connection?.discard()
    this.state = 'down'
    this.flights = []
    this.unresolved = null
  }

  send(flush: Flush): void {
    const { context, connection } = this
    if (connection === null) return
    const { answered, confirms } = context
    const out = new RequestBytes()
    for (const share of flush.rawShares) for (const command of share.commands) out.add(command)
    const flight: Flight = {
      flush,
      raws: new RawReader(flush),
      batch: flush.items > 0,
      record: null,
      tail: [],
      tailLeft: 0,
      outcome: null,
      unconfirmed: false,
    }
    if (flight.batch) {
      flush.sequence = this.sequence + 1
      out.addBytes(this.batchOf(flush))
    }
    if (confirms === 'in-sync' && this.direct) {
      if (!flight.batch) {
        out.addBytes(this.confirmBytes())
        flight.tailLeft++
      }
      out.addBytes(context.tail())
      flight.tailLeft += 3
    } else if (
      typeof confirms === 'number' &&
      confirms > 0 &&
      (flight.batch || flush.rawShares.some(hasWrite))
    ) {
      out.addBytes(encodeCommand(['WAIT', String(confirms), String(waitMs)]))
      flight.tailLeft++
    }
    flush.sentMs = context.now()
    answered.sent(flush)
    this.flights.push(flight)
    connection.write(out.take())
  }

  private confirmBytes(): Buffer {
    const { markersDb, recordKey } = this.context
    return encodeCommand([
      'EVALSHA',
      scripts.confirm.sha1,
      '1',
      recordKey,
      String(markersDb),
      this.primary?.run ?? '',
    ])
  }

  private batchOf(flush: Flush): Buffer {
    const commands: Command[] = []
    for (const share of flush.batchShares)
      for (const command of share.commands) {
        if (command.block === null) commands.push(command)
        else commands.push(...command.block)
      }
    const { markersDb, recordKey, db, confirms } = this.context
    const run = confirms === 'in-sync' ? (this.primary?.run ?? '') : ''
    const fixed = [
      '2',
      this.marker,
      recordKey,
      String(markersDb),
      String(db),
      this.tokenText(),
      String(this.sequence),
      run,
    ]
    return encodeBatch(scripts.batch.sha1, fixed, commands)
  }

  private tokenText(): string {
    return `${this.context.gatewayId}.${String(this.token)}`
  }

  // ---- setting up

  private introduce(connection: Connection, primary: Primary): void {
    const { context } = this
    const restore = context.restore()
    if (restore.length === 0) {
      this.prepare(connection, primary)
      return
    }
    this.ask(connection, Buffer.concat(restore), restore.length, (replies) => {
      // Who set the connection up must never be who runs commands: as nobody, then, and Redis says so itself.
      if (!(replies.at(-1) instanceof ReplyError)) this.prepare(connection, primary)
      else
        this.ask(connection, reset, 1, () => {
          this.prepare(connection, primary)
        })
    })
  }

  private prepare(connection: Connection, primary: Primary): void {
    const { context } = this
    const commands: Buffer[] = [encodeCommand(['INFO', 'server'])]
    const exactly = context.delivery === 'exactly-once'
    const needsScripts = exactly || context.confirms === 'in-sync'
    if (needsScripts)
      for (const { body } of Object.values(scripts)) commands.push(encodeCommand(['SCRIPT', 'LOAD', body]))
    const markerAt = commands.length
    if (exactly) {
      this.token++
      commands.push(this.hasMarker ? this.recoverBytes() : this.openBytes())
    }
    this.ask(connection, Buffer.concat(commands), commands.length, (replies) => {
      const server = replies[0]
      const run = typeof server === 'string' ? /run_id:(\w+)/.exec(server)?.[1] : undefined
      if (run !== undefined && run !== primary.run) {
        connection.close('another process than the primary')
        return
      }
      const failed = replies.find((reply) => reply instanceof ReplyError)
      if (
        failed instanceof ReplyError &&
        isRefusal(Buffer.from(`-${failed.message}`), 0, failed.message.length + 1)
      ) {
        connection.close(failed.message)
        return
      }
      this.direct = failed === undefined && needsScripts
      const marker = replies[markerAt]
      if (!exactly || !this.direct) {
        if (exactly) this.giveUpUnresolved()
        this.becomeReady()
        return
      }
      this.confirmSetup(connection, marker ?? null)
    })
  }

  private openBytes(): Buffer {
    const { markersDb, recordKey, db } = this.context
    this.sequence = 0
    return encodeCommand([
      'EVALSHA',
      scripts.open.sha1,
      '2',
      this.marker,
      recordKey,
      String(markersDb),
      String(db),
      this.tokenText(),
    ])
  }

  private recoverBytes(): Buffer {
    return encodeCommand([
      'EVALSHA',
      scripts.recover.sha1,
      '1',
      this.marker,
      String(this.context.markersDb),
      this.tokenText(),
    ])
  }

  /** What the marker says counts once the in-sync set has what it stands behind. */
  private confirmSetup(connection: Connection, marker: Reply): void {
    const raw = this.setupRaw
    this.context.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.connection !== connection || connection.closed) return
        this.resolve(connection, marker, raw)
      },
    })
  }

  private resolve(connection: Connection, marker: Reply, raw: Buffer): void {
    if (!Array.isArray(marker)) {
      this.giveUpUnresolved()
      this.hasMarker = true
      this.becomeReady()
      return
    }
    const [status, done] = marker as readonly Reply[]
    if (status !== 'OK' || typeof done !== 'number') {
      // the marker is gone: erased, or evicted. Whether the last batch ran cannot be known.
      this.hasMarker = false
      this.giveUpUnresolved()
      connection.close('the marker is gone')
      return
    }
    this.sequence = done
    const flush = this.unresolved
    this.unresolved = null
    if (flush !== null) {
      if (done === flush.sequence) {
        const reader = new ElementReader(raw, 0)
        reader.skip()
        reader.skip()
        answerItems(flush, reader, reader.count - 2, true)
        this.context.answered.suppressed(flush)
      } else if (done !== flush.sequence - 1) this.uncertain(flush.batchShares)
      this.settle(flush.batchShares)
    }
    this.becomeReady()
  }

  private becomeReady(): void {
    this.state = 'ready'
    this.context.freed()
  }

  private setupRaw: Buffer = Buffer.alloc(0)

  private ask(
    connection: Connection,
    bytes: Buffer,
    count: number,
    then: (replies: readonly Reply[]) => void,
  ): void {
    this.setupReplies = []
    this.setupLeft = count
    this.setup = then
    connection.write([bytes])
  }

  private readSetup(framer: ReplyFramer): void {
    while (this.setupLeft > 0 && framer.next()) {
      if (framer.type === replyType.push) continue
      this.setupLeft--
      if (this.setupLeft === 0) this.setupRaw = Buffer.from(framer.slice())
      this.setupReplies.push(decodeReply(framer.slice()))
    }
    if (this.setupLeft > 0) return
    const { setup, setupReplies } = this
    this.setup = null
    setup?.(setupReplies)
  }

  // ---- replies

  private read(framer: ReplyFramer): void {
    if (this.setup !== null) {
      this.readSetup(framer)
      return
    }
    for (let flight = this.flights[0]; flight !== undefined; flight = this.flights[0]) {
      if (flight.unconfirmed) break
      if (!this.readFlight(flight, framer)) return
      this.flights.shift()
      this.finish(flight)
    }
    while (framer.next()) if (framer.type !== replyType.push) throw new Error('a reply without a command')
  }

  /** @returns false: more must come */
  private readFlight(flight: Flight, framer: ReplyFramer): boolean {
    if (flight.raws.left > 0 && !flight.raws.read(framer)) return false
    while (flight.batch) {
      if (!framer.next()) return false
      if (framer.type === replyType.push) continue
      flight.batch = false
      this.takeBatch(flight, framer)
    }
    while (flight.tailLeft > 0) {
      if (!framer.next()) return false
      if (framer.type === replyType.push) continue
      flight.tailLeft--
      flight.tail.push(decodeReply(framer.slice()))
    }
    return true
  }

  private takeBatch(flight: Flight, framer: ReplyFramer): void {
    const { flush } = flight
    const { outcome, reader } = readBatchOutcome(framer.bytes, framer.start, framer.end)
    flight.outcome = outcome
    if (outcome.kind !== 'ran') {
      this.notRun(outcome, flush)
      return
    }
    flight.record = outcome.record
    const { status, count } = outcome
    if (!status.endsWith('BARE')) this.sequence = flush.sequence
    if (reader !== null) answerItems(flush, reader, count, false)
    if (status.startsWith('ACL') || status.startsWith('MEMORY')) markDirect(flush, count)
  }

  /** A definite word that nothing of the batch ran, or an error that says something else. */
  private notRun(outcome: Exclude<BatchOutcome, { readonly kind: 'ran' }>, flush: Flush): void {
    const { context } = this
    if (outcome.kind === 'none') {
      if (outcome.status === 'GONE') this.hasMarker = false
      if (outcome.status === 'GONE' || outcome.status === 'LATE') this.spent = true
      if (outcome.status === 'NORECORD' || outcome.status === 'ERASED') context.suspect()
      context.backOff()
      return
    }
    const { words } = outcome
    if (words.startsWith('NOSCRIPT')) this.spent = true
    else if (/^(?:NOPERM|NOAUTH)/.test(words)) {
      this.spent = true
      context.backOff()
    } else if (isRefusal(Buffer.from(`-${words}`), 0, words.length + 1)) context.backOff()
    else {
      context.note('a batch failed', { words })
      this.spent = true
      this.uncertain(flush.batchShares)
    }
  }

  private finish(flight: Flight): void {
    const { context } = this
    const { flush } = flight
    context.answered.answered(flush, context.now() - flush.sentMs)
    const ran = flight.outcome === null || flight.outcome.kind === 'ran'
    if (!ran) this.settle(flush.batchShares)
    if ((!ran && flush.raws === 0) || this.confirmedBy(flight)) {
      this.settle(flush.rawShares)
      if (ran) this.settle(flush.batchShares)
      this.next()
      return
    }
    // the lane stays taken: a marker remembers one batch
    this.flights.unshift(flight)
    const { connection } = this
    if (flight.tail.length > 0 && typeof context.confirms === 'number') {
      flight.tail.length = 0
      flight.tailLeft = 1
      context.answered.sent(flush)
      connection?.write([encodeCommand(['WAIT', String(context.confirms), String(waitMs)])])
      return
    }
    flight.unconfirmed = true
    context.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.connection !== connection || this.flights[0] !== flight) return
        this.flights.shift()
        this.settle(flush.rawShares)
        if (ran) this.settle(flush.batchShares)
        this.next()
      },
    })
  }

  private next(): void {
    if (this.spent && this.flights.length === 0) this.connection?.close('to be opened anew')
    else this.context.freed()
  }

  private confirmedBy(flight: Flight): boolean {
    const { context, primary } = this
    const { confirms } = context
    if (confirms === 0) return true
    if (typeof confirms === 'number') {
      // Without a write the replicas had everything before: that says nothing of whether this is still the primary.
      if (flight.tail.length === 0) return context.readsFast
      return Number(flight.tail[0]) >= confirms
    }
    if (context.readsFast && flight.flush.items === 0 && !flight.flush.rawShares.some(hasWrite)) return true
    if (!this.direct || primary === null || flight.tail.length < 3) return false
    const [before, , after] = flight.tail.slice(-3)
    const record = flight.tail.length > 3 ? recordOf(flight.tail[0]) : flight.record
    if (record === null || typeof before !== 'string' || typeof after !== 'string') return false
    const round = roundOf(record, primary.run, before, after, context.nodeAt)
    const outcome = confirmation(round, primary.epoch, context.f)
    if (outcome.kind !== 'confirmed') return false
    context.confirmedRecord(outcome.record, context.now() - flight.flush.sentMs)
    return true
  }

  private settle(shares: readonly Share[]): void {
    for (const share of shares) {
      settleShare(share)
      if (!share.cancelled) share.owner.settled(share)
    }
  }

  // ---- loss

  private lost(): void {
    const { flights } = this
    this.state = 'down'
    this.connection = null
    this.setup = null
    this.flights = []
    for (const { flush, outcome, unconfirmed } of flights) {
      for (const share of flush.rawShares) loseRaw(share)
      if (!unconfirmed) this.context.answered.lost(flush)
      this.settle(flush.rawShares)
      if (flush.items === 0) continue
      if (outcome !== null && outcome.kind !== 'ran') {
        this.settle(flush.batchShares)
        continue
      }
      for (const share of flush.batchShares) share.reset()
      this.unresolved = flush
    }
    this.context.lost()
  }

  private giveUpUnresolved(): void {
    const flush = this.unresolved
    if (flush === null) return
    this.unresolved = null
    this.uncertain(flush.batchShares)
    this.settle(flush.batchShares)
  }

  private uncertain(shares: readonly Share[]): void {
    for (const share of shares) {
      const last = share.commands.findLastIndex((command) => command.letter !== 'r')
      for (const command of share.commands.slice(0, last + 1)) command.answer ??= uncertain
    }
  }
}

function hasWrite(share: Share): boolean {
  return share.commands.some((command) => !command.replayable)
}

/**
 * From the last one on that must not run twice, nothing can be sent again: the ones before it would then run behind it.
 */
function loseRaw(share: Share): void {
  share.reset()
  const last = share.commands.findLastIndex((command) => !command.replayable)
  for (const command of share.commands.slice(0, last + 1)) command.answer = uncertain
}

/** The command at this place of the batch is one that Redis itself must answer. */
function markDirect(flush: Flush, count: number): void {
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
