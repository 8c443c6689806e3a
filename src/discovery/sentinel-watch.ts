import { ReplyError, type Reply } from '../resp/decode.ts'
import { replyLimits, type FrameLimits } from '../resp/limits.ts'
import type { OtherSentinel } from './learned-sentinels.ts'
import { RedisClient, type RedisAddress, type RedisCredentials } from './redis-client.ts'
import {
  readEvent,
  readOthers,
  readPrimary,
  readStage,
  type FailoverStage,
  type SentinelEvent,
} from './sentinel-view.ts'
import type { NamedPrimary } from './sentinels-state.ts'

/** What a sentinel says when it is asked. */
export interface SentinelAnswer {
  /** Null: it does not know this deployment, or says what cannot be read. */
  readonly primary: NamedPrimary | null
  /** Asked for only where sentinels are learned. */
  readonly others: readonly OtherSentinel[]
}

export interface SentinelWatchOptions {
  readonly address: RedisAddress
  /** The name under which the sentinels watch the deployment. */
  readonly name: string
  readonly credentials: RedisCredentials | null
  readonly askForOthers: boolean
  readonly onId: (id: string | null) => void
  readonly onAnswer: (answer: SentinelAnswer) => void
  readonly onEvent: (event: SentinelEvent) => void
  readonly onStage: (stage: FailoverStage) => void
  /** It does not answer. */
  readonly onSilent: () => void
  /** It may be asked, and not be listened to. */
  readonly onDeaf: (why: string) => void
  /** What stands in the way, once until it changes. */
  readonly onProblem: (why: string) => void
}

const pollMs = 500
const answerTimeoutMs = 1000
const shortestBackOffMs = 50
const longestBackOffMs = 500
const kibibyte = 1024
/** A sentinel's answers are small; one that is confused, or something else on its port, must not cost memory. */
const limits: FrameLimits = {
  ...replyLimits,
  frameBytes: 1024 * kibibyte,
  bulkBytes: 64 * kibibyte,
  elements: 16 * kibibyte,
  inlineBytes: 64 * kibibyte,
}

/** Listens to one sentinel, and asks it now and then in case an event was missed. Reconnects for as long as it is not stopped. */
export class SentinelWatch {
  private readonly options: SentinelWatchOptions
  private client: RedisClient | null = null
  private timer: NodeJS.Timeout | null = null
  private backOffMs = shortestBackOffMs
  private problem = ''
  /** Whom it is being asked; `again`: something happened since. */
  private asked: { readonly client: RedisClient; again: boolean } | null = null
  private stopped = false

  constructor(options: SentinelWatchOptions) {
    this.options = options
    this.connect()
  }

  stop(): void {
    this.stopped = true
    if (this.timer !== null) clearTimeout(this.timer)
    this.client?.close('stopped')
  }

  private connect(): void {
    const client: RedisClient = new RedisClient(
      {
        ...this.options.address,
        credentials: this.options.credentials,
        connectTimeoutMs: answerTimeoutMs,
        limits,
        onPush: ([kind, , channel, message]) => {
          if (kind === 'pmessage' && typeof channel === 'string' && typeof message === 'string')
            this.heard(client, channel, message)
        },
        onClose: (why) => {
          if (this.stopped) return
          this.options.onSilent()
          this.problemIs(why)
          this.later(this.backOffMs, () => {
            this.connect()
          })
          this.backOffMs = Math.min(2 * this.backOffMs, longestBackOffMs)
        },
      },
      () => {
        client.subscribe('PSUBSCRIBE', '*', this.options.onDeaf)
        client.send([['SENTINEL', 'MYID']], answerTimeoutMs).then(
          ([id]) => {
            this.options.onId(typeof id === 'string' && id !== '' ? id : null)
            this.poll(client)
          },
          () => undefined, // onClose reconnects
        )
      },
    )
    this.client = client
  }

  private heard(client: RedisClient, channel: string, message: string): void {
    const { name } = this.options
    const stage = readStage(channel, message, name)
    if (stage !== null) this.options.onStage(stage)
    const event = readEvent(channel, message, name)
    if (event === null) return
    this.options.onEvent(event)
    // the event does not say in which epoch
    if (event.kind === 'switched') this.poll(client)
  }

  private poll(client: RedisClient): void {
    if (this.asked?.client === client) {
      this.asked.again = true
      return
    }
    const asked = { client, again: false }
    this.asked = asked
    const { name, askForOthers } = this.options
    const questions = [['SENTINEL', 'MASTER', name]]
    if (askForOthers) questions.push(['SENTINEL', 'SENTINELS', name])
    client.send(questions, answerTimeoutMs).then(
      (replies) => {
        if (this.asked === asked) this.asked = null
        if (this.stopped) return
        this.answered(client, replies)
        if (asked.again) this.poll(client)
      },
      () => undefined, // onClose reconnects
    )
  }

  private answered(client: RedisClient, [primary, others]: readonly Reply[]): void {
    this.backOffMs = shortestBackOffMs
    if (primary instanceof ReplyError) this.problemIs(primary.message)
    else this.problem = ''
    this.options.onAnswer({ primary: readPrimary(primary), others: readOthers(others) })
    if (client.closed) return
    this.later(pollMs, () => {
      this.poll(client)
    })
  }

  private problemIs(why: string): void {
    if (why === this.problem) return
    this.problem = why
    this.options.onProblem(why)
  }

  private later(delayMs: number, then: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer)
    if (!this.stopped) this.timer = setTimeout(then, delayMs)
  }
}
