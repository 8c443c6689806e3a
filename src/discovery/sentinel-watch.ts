import { ReplyError } from '../resp/decode.ts'
import { RedisClient, type RedisAddress, type RedisCredentials } from './redis-client.ts'
import { readEvent, readPrimary, type SentinelEvent } from './sentinel-view.ts'

export interface SentinelWatchOptions {
  readonly address: RedisAddress
  /** The name under which the sentinels watch the deployment. */
  readonly name: string
  readonly credentials: RedisCredentials | null
  readonly pollMs: number
  /** What the sentinel says now; null: it does not answer. */
  readonly onPrimary: (address: RedisAddress | null) => void
  readonly onEvent: (event: SentinelEvent) => void
}

const answerTimeoutMs = 1000
const shortestBackOffMs = 50
const longestBackOffMs = 500

/** Listens to one sentinel, and asks it now and then in case an event was missed. Reconnects for as long as it is not stopped. */
export class SentinelWatch {
  private readonly options: SentinelWatchOptions
  private client: RedisClient | null = null
  private timer: NodeJS.Timeout | null = null
  private backOffMs = shortestBackOffMs
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
        onPush: ([kind, , channel, message]) => {
          if (kind !== 'pmessage' || typeof channel !== 'string' || typeof message !== 'string') return
          const event = readEvent(channel, message, this.options.name)
          if (event !== null) this.options.onEvent(event)
        },
        onClose: () => {
          this.options.onPrimary(null)
          this.later(this.backOffMs, () => {
            this.connect()
          })
          this.backOffMs = Math.min(2 * this.backOffMs, longestBackOffMs)
        },
      },
      () => {
        // a RESP3 subscription is answered by a push, not by a reply
        client.subscribe('PSUBSCRIBE', '*')
        this.poll(client)
      },
    )
    this.client = client
  }

  private poll(client: RedisClient): void {
    client.send([['SENTINEL', 'MASTER', this.options.name]], answerTimeoutMs).then(
      ([reply]) => {
        this.backOffMs = shortestBackOffMs
        this.options.onPrimary(reply instanceof ReplyError ? null : readPrimary(reply))
        this.later(this.options.pollMs, () => {
          this.poll(client)
        })
      },
      () => {
        // onClose reconnects
      },
    )
  }

  private later(delayMs: number, then: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer)
    if (!this.stopped) this.timer = setTimeout(then, delayMs)
  }
}
