import type { Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import type { Primary } from '../discovery/discovery.ts'
import { encodeBatch } from './batch-request.ts'
import { ElementReader } from './batch-reply.ts'
import { Connection } from './connection.ts'
import { answerItems, RawReader, readBatchOutcome, type BatchOutcome } from './flight.ts'
import { scripts } from './lane-scripts.ts'
import { addTail, isConfirmed, readFlight, waitMs, type Flight } from './lane-confirmation.ts'
import { RightsQuestion } from './lane-rights.ts'
import { LaneSetup, type LaneReady } from './lane-setup.ts'
import { countLoss, loseRaw, makeUncertain, markDirect } from './losses.ts'
import { Marker, type Leftover } from './marker.ts'
import type { LaneContext } from './lane-context.ts'
import { saysRefusal, saysRefusedWhole } from './refusals.ts'
import { settleAll } from './settle.ts'
import type { Flush } from './share.ts'
import { RequestBytes } from './write-runs.ts'

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
  private readonly marker: Marker
  private flights: Flight[] = []
  private unresolved: Flush | null = null
  /** A flush waits for what its users may. */
  private question: RightsQuestion | null = null
  private setup: LaneSetup | null = null
  private openedMs = 0
  /** The last batch is not known to stand in step with its marker: the connection is opened anew before the next. */
  private spent = false

  constructor(context: LaneContext, marker: string) {
    this.context = context
    this.marker = new Marker(context, marker)
  }

  get busy(): boolean {
    return this.flights.length > 0 || this.unresolved !== null || this.question !== null
  }

  /** It can take a flush now. */
  get free(): boolean {
    if (!this.up || this.unresolved !== null || this.question !== null) return false
    if (this.flights[0]?.flush.alone === true) return false
    return this.flights.length < this.context.flightsAtOnce && this.connection?.full === false
  }

  /** Whether its user may run batches is known, and holds. */
  get up(): boolean {
    return this.state === 'ready' && !this.spent
  }

  get down(): boolean {
    return this.state === 'down'
  }

  /** Something is to be answered, and nothing has come since the given time (ms). */
  silentSince(ms: number): boolean {
    const { connection } = this
    if (connection === null || connection.heardMs > ms || connection.sending) return false
    if (this.state === 'setting-up') return this.setup !== null && this.openedMs <= ms
    if (this.question !== null) return this.question.sinceMs <= ms
    const oldest = this.flights[0]
    return oldest !== undefined && !oldest.unconfirmed && oldest.flush.sentMs <= ms
  }

  /** The marker's key, when there is one to remove. */
  get markerKey(): string | null {
    return this.marker.exists ? this.marker.key : null
  }

  /** What its marker keeps that nobody can ask for any more: everything of it was answered. */
  get leftover(): Leftover | null {
    return this.busy || !this.up ? null : this.marker.leftover
  }

  trimmed({ sequence }: Leftover): void {
    this.marker.trimmed = sequence
  }

  open(primary: Primary): void {
    this.state = 'setting-up'
    this.openedMs = this.context.now()
    this.primary = primary
    this.spent = false
    this.direct = false
    const connection: Connection = new Connection(this.context.connect(primary.address, 'lane'), {
      onConnected: () => {
        this.setup = new LaneSetup(this.context, connection, primary, this.marker, (ready) => {
          this.isSetUp(connection, ready)
        })
        this.setup.begin()
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

  /** What is under way ends, then it is opened anew. */
  retire(): void {
    this.spent = true
    this.next()
  }

  /** Ends the lane for good. What it has under way is given up. */
  discard(): void {
    this.connection?.discard()
    this.state = 'down'
    this.flights = []
    this.unresolved = null
    this.question = null
  }

  send(flush: Flush): void {
    this.question = this.context.elevated ? RightsQuestion.about(flush, this.context.now()) : null
    if (this.question === null) this.transmit(flush)
    else this.connection?.write(this.question.bytes())
  }

  private transmit(flush: Flush): void {
    const { context, connection } = this
    if (connection === null) return
    const { answered } = context
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
      flush.sequence = this.marker.sequence + 1
      out.addBytes(this.batchOf(flush))
    }
    addTail(out, flight, context, this.direct, this.primary?.run ?? '')
    flush.sentMs = context.now()
    answered.sent(flush)
    this.flights.push(flight)
    connection.write(out.take())
  }

  private batchOf(flush: Flush): Buffer {
    const run = this.context.confirms === 'in-sync' ? (this.primary?.run ?? '') : ''
    return encodeBatch(scripts.batch.sha1, this.marker.batchArguments(run), flush.batch())
  }

  private isSetUp(connection: Connection, { direct, nobody, marker }: LaneReady): void {
    this.setup = null
    this.direct = direct
    if (nobody && this.context.anonymous) {
      this.giveUpUnresolved()
      connection.close('it is nobody')
      this.context.strangers()
      return
    }
    if (marker === null) {
      this.giveUpUnresolved()
      this.becomeReady()
      return
    }
    // what the marker says counts once the in-sync set has what it stands behind
    this.context.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.connection === connection && !connection.closed)
          this.resolve(connection, marker.reply, marker.raw)
      },
    })
  }

  private resolve(connection: Connection, marker: Reply, raw: Buffer): void {
    if (marker === 1 && !this.marker.exists) {
      this.giveUpUnresolved()
      this.marker.exists = true
      this.becomeReady()
      return
    }
    const [status, done] = Array.isArray(marker) ? (marker as readonly Reply[]) : []
    if (status === 'GONE') {
      // erased, or evicted: whether the last batch ran cannot be known
      this.marker.exists = false
      this.giveUpUnresolved()
      connection.close('the marker is gone')
      return
    }
    if (status !== 'OK' || typeof done !== 'number' || !this.marker.exists) {
      connection.close('not the answer of a marker')
      return
    }
    this.marker.sequence = done
    const flush = this.unresolved
    this.unresolved = null
    if (flush !== null) {
      if (done === flush.sequence) {
        const reader = new ElementReader(raw, 0)
        reader.skip()
        reader.skip()
        answerItems(flush, reader, reader.count - 2, true)
        this.context.answered.suppressed(flush)
      } else if (done !== flush.sequence - 1) makeUncertain(flush.batchShares)
      settleAll(flush.batchShares)
    }
    this.becomeReady()
  }

  private becomeReady(): void {
    this.state = 'ready'
    this.context.setUp(this)
    this.context.freed()
  }

  // ---- replies

  private allowed(question: RightsQuestion): void {
    this.question = null
    if (question.unable) this.context.backOff()
    const flush = question.allowed()
    if (!flush.empty) this.transmit(flush)
    settleAll(question.returned)
    if (flush.empty) this.context.freed()
  }

  private read(framer: ReplyFramer): void {
    if (this.setup !== null) {
      this.setup.read(framer)
      return
    }
    if (this.question?.read(framer) === false) return
    if (this.question !== null) this.allowed(this.question)
    for (let flight = this.flights[0]; flight !== undefined; flight = this.flights[0]) {
      if (flight.unconfirmed) break
      if (!readFlight(flight, framer, this.takeBatch)) return
      this.flights.shift()
      this.finish(flight)
    }
    while (framer.next()) if (framer.type !== replyType.push) throw new Error('a reply without a command')
  }

  private readonly takeBatch = (flight: Flight, framer: ReplyFramer): void => {
    const { flush } = flight
    const { outcome, reader } = readBatchOutcome(framer.bytes, framer.start, framer.end)
    flight.outcome = outcome
    if (outcome.kind !== 'ran') {
      this.notRun(outcome, flush)
      return
    }
    flight.record = outcome.record
    const { status, count } = outcome
    if (!status.endsWith('BARE')) this.marker.sequence = flush.sequence
    if (reader !== null) answerItems(flush, reader, count, false)
    if (status.startsWith('ACL')) this.context.rightsChanged()
    if (status.startsWith('ACL') || status.startsWith('MEMORY')) markDirect(flush, count)
  }

  /** A definite word that nothing of the batch ran, or an error that says something else. */
  private notRun(outcome: Exclude<BatchOutcome, { readonly kind: 'ran' }>, flush: Flush): void {
    const { context } = this
    if (outcome.kind === 'none') {
      const { status } = outcome
      if (status === 'GONE') this.marker.exists = false
      if (status === 'GONE' || status === 'LATE' || status === 'RIGHTS') this.spent = true
      if (status === 'RIGHTS') context.rightsChanged()
      if (status === 'NORECORD' || status === 'ERASED') context.suspect()
      context.backOff()
      return
    }
    const { words } = outcome
    if (words.startsWith('NOSCRIPT')) this.spent = true
    else if (words.startsWith('ERR Protocol error')) {
      // longer than this server takes, and not even read to its end
      this.spent = true
      countLoss(flush.batchShares, this.primary)
    } else if (saysRefusedWhole(words)) {
      this.spent = true
      context.rightsChanged()
      context.backOff()
    } else if (saysRefusal(words)) context.backOff()
    else {
      context.note('a batch failed', { words })
      this.spent = true
      makeUncertain(flush.batchShares)
    }
  }

  private finish(flight: Flight): void {
    const { context } = this
    const { flush } = flight
    context.answered.answered(flush, context.now() - flush.sentMs)
    const ran = flight.outcome === null || flight.outcome.kind === 'ran'
    if (!ran) settleAll(flush.batchShares)
    if ((!ran && flush.raws === 0) || isConfirmed(flight, context, this.primary, this.direct)) {
      settleAll(flush.rawShares)
      if (ran) settleAll(flush.batchShares)
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
    context.answered.held(flush, 1)
    context.confirm({
      beginRound: () => undefined,
      confirmed: () => {
        if (this.connection !== connection || this.flights[0] !== flight) return
        context.answered.held(flush, -1)
        this.flights.shift()
        settleAll(flush.rawShares)
        if (ran) settleAll(flush.batchShares)
        this.next()
      },
    })
  }

  private next(): void {
    if (this.spent && this.flights.length === 0) this.connection?.close('to be opened anew')
    else this.context.freed()
  }

  // ---- loss

  private lost(): void {
    const { flights, question } = this
    this.state = 'down'
    this.question = null
    this.connection = null
    this.setup = null
    this.flights = []
    if (question !== null) {
      countLoss(question.flush.shares, this.primary)
      settleAll(question.flush.shares)
    }
    for (const { flush, outcome, unconfirmed } of flights) {
      for (const share of flush.rawShares) loseRaw(share)
      if (unconfirmed) this.context.answered.held(flush, -1)
      else {
        countLoss(flush.shares, this.primary)
        this.context.answered.lost(flush)
      }
      settleAll(flush.rawShares)
      if (flush.items === 0) continue
      if (outcome !== null && outcome.kind !== 'ran') {
        settleAll(flush.batchShares)
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
    makeUncertain(flush.batchShares)
    settleAll(flush.batchShares)
  }
}
