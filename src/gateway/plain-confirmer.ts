import type { Primary } from '../discovery/discovery.ts'
import type { RedisClient } from '../discovery/redis-client.ts'
import type { InSyncRecord } from '../insync/record.ts'
import type { Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Confirmable } from './confirmer.ts'

export interface PlainConfirmerOptions {
  /** Replicas that must have everything; 0: the primary has to answer, that is all. */
  readonly replicas: number
  readonly now: () => number
  readonly primary: () => Primary | null
  readonly connection: () => RedisClient | null
  readonly onConfirmed: (tookMs: number) => void
}

/** How long a round waits; longer where acknowledgements take longer. */
const waitLimits = { leastMs: 250, mostMs: 1000 } as const
/** An answer to a round that is later than its wait by this much: the connection is given up. */
const patienceMs = 1000
const pauseMs = 5
const ping = encodeCommand(['PING'])

/**
 * Confirmations where there is no record of who is in sync: so many replicas, whichever they are, have everything that the primary had
 * when the round began. One round at a time serves everybody who waits.
 */
export class PlainConfirmer {
  /** Since when a round is under way; null: none is. */
  startedMs: number | null = null
  /** There is none here. */
  record: InSyncRecord | null = null
  waitMs: number = waitLimits.leastMs
  private readonly options: PlainConfirmerOptions
  private readonly beat: Buffer
  private readonly waiting = new Set<Confirmable>()
  /** What the present round covers, and those before it that failed. */
  private inRound: Confirmable[] = []
  private running = false

  constructor(options: PlainConfirmerOptions) {
    this.options = options
    // A message goes to the replicas like a write, and takes no memory: a primary whose replicas are gone cannot count on what
    // they had acknowledged before. Nobody needs to listen.
    this.beat = options.replicas === 0 ? ping : encodeCommand(['PUBLISH', 'holdfast:heartbeat', ''])
  }

  request(one: Confirmable): void {
    this.waiting.add(one)
    this.resume()
  }

  /** Goes on, when something had stood in the way. */
  resume(): void {
    if (this.running || this.waiting.size + this.inRound.length === 0) return
    this.running = true
    setImmediate(() => {
      this.run()
        .catch(() => {
          // the connection was lost in the middle: discovery reports it, and resume() is called when it is back
        })
        .finally(() => {
          this.running = false
          this.startedMs = null
          if (this.options.connection() !== null) this.resume()
        })
    })
  }

  private async run(): Promise<void> {
    const { options } = this
    for (;;) {
      for (const one of this.waiting) {
        one.beginRound()
        this.inRound.push(one)
      }
      this.waiting.clear()
      const primary = options.primary()
      const connection = options.connection()
      if (this.inRound.length === 0 || primary === null || connection === null) return
      const startedMs = options.now()
      this.startedMs = startedMs
      const [, answer] = await connection.sendRaw(this.question(), 2, this.waitMs + patienceMs)
      if (options.primary() !== primary) continue
      if (this.isEnough(answer)) this.succeed(startedMs)
      else {
        // Each round asks for its own beat: where that takes longer to be acknowledged, one would fail after the other.
        this.waitMs = Math.min(2 * this.waitMs, waitLimits.mostMs)
        await pause()
      }
    }
  }

  private question(): Buffer {
    const { replicas } = this.options
    const wait = replicas === 0 ? ping : encodeCommand(['WAIT', String(replicas), String(this.waitMs)])
    return Buffer.concat([this.beat, wait])
  }

  private isEnough(answer: Reply | undefined): boolean {
    const { replicas } = this.options
    return replicas === 0 ? answer === 'PONG' : typeof answer === 'number' && answer >= replicas
  }

  private succeed(startedMs: number): void {
    const tookMs = this.options.now() - startedMs
    this.waitMs = Math.round(Math.min(Math.max(1.5 * tookMs, waitLimits.leastMs), waitLimits.mostMs))
    const served = this.inRound
    this.inRound = []
    // first: those who wait look whether the primary is reachable, which this may say
    this.options.onConfirmed(tookMs)
    for (const one of served) one.confirmed()
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pauseMs)
  })
}
