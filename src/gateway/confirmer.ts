import { createHash } from 'node:crypto'
import type { Primary } from '../discovery/discovery.ts'
import { readRecord } from '../discovery/node-probe.ts'
import type { RedisClient } from '../discovery/redis-client.ts'
import { parseReplication } from '../discovery/replication.ts'
import {
  confirmation,
  membersWithout,
  neededOffset as offsetOf,
  type Confirmation,
  type Owed,
  type Round,
} from '../insync/confirm.ts'
import type { Majorities } from '../insync/majorities.ts'
import { recordFields, recordKey, type InSyncRecord } from '../insync/record.ts'
import { isWritten } from './append-only-file.ts'
import { confirmScript, swapMembersScript } from '../insync/scripts.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { MissingMembers } from './missing-members.ts'

/** Who waits for a confirmation. */
export interface Confirmable {
  /** A round begins: it covers what has arrived by now. */
  readonly beginRound: () => void
  readonly confirmed: () => void
}

export interface ConfirmerOptions {
  readonly majorities: () => Majorities
  readonly memberSilentMs: number
  readonly now: () => number
  readonly primary: () => Primary | null
  readonly connection: () => RedisClient | null
  readonly nodeAt: (host: string, port: number) => number | null
  /** The primary's reign is over. */
  readonly onOver: (why: string) => void
  readonly onConfirmed: (tookMs: number) => void
  readonly onMembers: (from: readonly number[], to: readonly number[]) => void
}

type Outcome = Confirmation | { readonly kind: 'unreachable' }

const sha1 = createHash('sha1').update(confirmScript).digest('hex')
const byHash = encodeCommand(['EVALSHA', sha1, '1', recordKey])
const byBody = encodeCommand(['EVAL', confirmScript, '1', recordKey])
const info = encodeCommand(['INFO', 'replication', 'persistence'])
/** How long a round waits for acknowledgements; on a line where they take longer, as long as they take there, within reason. */
const waitLimits = { leastMs: 250, mostMs: 700 } as const
/** An answer to a round that is later than its wait by this much: the connection is given up. */
const patienceMs = 1000
const pauseMs = 5

/**
 * The one rule: an answer leaves after a confirmation that began when it was there. One round at a time serves all sessions; it
 * asks for the record, the offset behind it, and waits until the in-sync set has acknowledged that offset.
 */
export class Confirmer {
  /** When a round last succeeded; null: never under the present primary. */
  lastSuccessMs: number | null = null
  /** Since when a round is under way; null: none is. */
  startedMs: number | null = null
  record: InSyncRecord | null = null
  waitMs: number = waitLimits.leastMs
  private readonly options: ConfirmerOptions
  private waiting: Confirmable[] = []
  private readonly isWaiting = new Set<Confirmable>()
  private inRound: Confirmable[] = []
  /** What those in the round are still owed; who comes meanwhile waits for the next one. */
  private owed: Owed | null = null
  /** Since when those in the round are being confirmed. */
  private begunMs = 0
  private running = false
  private knowsScript = true
  private missing = new MissingMembers()
  private expected: Primary | null = null

  constructor(options: ConfirmerOptions) {
    this.options = options
  }

  request(one: Confirmable): void {
    if (!this.isWaiting.has(one)) {
      this.isWaiting.add(one)
      this.waiting.push(one)
    }
    this.start()
  }

  /** Goes on, when something had stood in the way. What waited for another primary is forgotten: its answers are void. */
  resume(): void {
    const primary = this.options.primary()
    if (primary !== this.expected) {
      this.expected = primary
      this.record = null
      this.owed = null
      this.waitMs = waitLimits.leastMs
      this.lastSuccessMs = null
      this.missing = new MissingMembers()
    }
    this.start()
  }

  private start(): void {
    if (this.running) return
    this.running = true
    setImmediate(() => {
      this.run()
        .catch(() => {
          // the connection was lost in the middle: discovery reports it, and resume() is called when it is back
        })
        .finally(() => {
          this.running = false
          this.startedMs = null
          if (this.waiting.length + this.inRound.length > 0 && this.options.connection() !== null)
            this.start()
        })
    })
  }

  private async run(): Promise<void> {
    for (;;) {
      if (this.owed === null) this.admit()
      const primary = this.options.primary()
      const connection = this.options.connection()
      if (this.inRound.length === 0 || primary === null || connection === null) return
      const startedMs = this.options.now()
      this.startedMs = startedMs
      if (this.owed === null) this.begunMs = startedMs
      const outcome = await this.round(connection, primary)
      if (this.options.primary() !== primary) continue
      if (outcome.kind === 'unreachable') return
      if (outcome.kind === 'over') {
        this.options.onOver(outcome.why)
        return
      }
      if (outcome.kind === 'confirmed') this.succeed(outcome.record)
      else if (outcome.kind === 'missing') await this.reduce(connection, outcome)
      else await pause()
    }
  }

  private admit(): void {
    for (const one of this.waiting) {
      one.beginRound()
      this.inRound.push(one)
    }
    this.waiting = []
    this.isWaiting.clear()
  }

  private succeed(record: InSyncRecord): void {
    this.record = record
    this.owed = null
    this.missing.clear()
    const nowMs = this.options.now()
    this.lastSuccessMs = nowMs
    const tookMs = nowMs - this.begunMs
    this.waitMs = Math.round(Math.min(Math.max(1.5 * tookMs, waitLimits.leastMs), waitLimits.mostMs))
    const served = this.inRound
    this.inRound = []
    // first: those who wait look whether the primary is reachable, which this may say
    this.options.onConfirmed(tookMs)
    for (const one of served) one.confirmed()
  }

  private async round(connection: RedisClient, primary: Primary): Promise<Outcome> {
    const members = this.record?.members.length ?? primary.members.length
    const { waitMs } = this
    const bytes = Buffer.concat([
      this.knowsScript ? byHash : byBody,
      info,
      encodeCommand(['WAIT', String(members), String(waitMs)]),
      info,
    ])
    const [fields, before, , after] = await connection.sendRaw(bytes, 4, waitMs + patienceMs)
    const round = this.read(fields, before, after)
    if (round === null) return { kind: 'again' }
    return confirmation(round, primary.epoch, this.options.majorities())
  }

  private read(fields: Reply | undefined, before: Reply | undefined, after: Reply | undefined): Round | null {
    if (typeof before !== 'string' || typeof after !== 'string') return null
    const replication = parseReplication(after)
    let record: InSyncRecord | null = null
    let run = ''
    if (fields instanceof ReplyError) {
      if (fields.message.startsWith('NOSCRIPT')) this.knowsScript = false
      // refused for the moment (NOREPLICAS, MISCONF; ERASED: FLUSHALL on the node, its agent restores the record): says nothing about the reign, unless the role does
      if (replication.role === 'master' && !fields.message.startsWith('NORECORD')) return null
    } else {
      this.knowsScript = true
      const values: readonly Reply[] = Array.isArray(fields) ? (fields as readonly Reply[]) : []
      record = readRecord(values)
      const last = values[recordFields.length]
      if (typeof last === 'string') run = last
      if (record === null && replication.role === 'master') return null
    }
    const acknowledged = new Map<number, number>()
    for (const replica of replication.online) {
      const node = this.options.nodeAt(replica.host, replica.port)
      if (node !== null) acknowledged.set(node, replica.offset)
    }
    const begin = parseReplication(before)
    const neededOffset = record === null ? begin.offset : offsetOf(this.owed, record, begin)
    if (record !== null) {
      const { epoch, version } = record
      this.owed = { epoch, version, stream: begin.stream, offset: neededOffset }
    }
    const sameStream = begin.stream === replication.stream
    this.missing.saw({ neededOffset: begin.offset, acknowledged })
    const written = isWritten(before, after)
    return { record, role: replication.role, run, neededOffset, acknowledged, written, sameStream }
  }

  /** Members that are gone or silent are written out of the set, as long as f remain. */
  private async reduce(
    connection: RedisClient,
    outcome: Extract<Confirmation, { readonly kind: 'missing' }>,
  ): Promise<void> {
    const { record } = outcome
    this.record = record
    const nowMs = this.options.now()
    const limits = { silentMs: this.options.memberSilentMs, waitMs: this.waitMs }
    const leaving = this.missing.leaving(outcome, nowMs, limits)
    const members = leaving.length === 0 ? null : membersWithout(record, leaving, this.options.majorities())
    // While one of those who stay is silent too, nothing is answered all the same; and a record that they do not have keeps
    // them from going on without a primary that nobody can follow.
    const isUseful = members?.every((one) => this.missing.goesOn(one)) === true
    if (members === null || !isUseful) {
      await pause()
      return
    }
    const { epoch, version } = record
    const expected = [String(epoch.number), String(epoch.node), String(version)]
    const [swapped] = await connection.send(
      [['EVAL', swapMembersScript, '1', recordKey, ...expected, members.join(',')]],
      patienceMs,
    )
    this.owed = null
    if (swapped === 1) this.options.onMembers(record.members, members)
    else await pause()
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseMs)
  })
}
