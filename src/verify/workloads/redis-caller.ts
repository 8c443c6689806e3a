import { Redis } from 'ioredis'
import type { Outcome } from '../operation.ts'
import { outcomeOfRedisError } from './redis-outcome.ts'
import type { RedisEndpoint } from './workload.ts'

/**
 * One caller at something that looks like one Redis: a plain client, one connection, one call at a time. The client's own queues are
 * off, so that what is said to be sent once is sent once: a call without a connection waits for one, and one that was sent and lost its
 * connection is never sent again.
 */
export class RedisCaller {
  /** `host:port` */
  readonly at: string
  readonly #endpoint: RedisEndpoint
  #redis: Redis | undefined

  constructor(endpoint: RedisEndpoint) {
    this.#endpoint = endpoint
    this.at = `${endpoint.host}:${endpoint.port}`
  }

  /**
   * Never rejects. What is given up after `limitMs` is `unknown` if it was sent, and its connection is not used again.
   */
  async send<T>(limitMs: number, command: (redis: Redis) => Promise<T>): Promise<Outcome<T>> {
    const deadlineMs = performance.now() + limitMs
    const opened = await this.#open(limitMs)
    if (typeof opened === 'string') return { kind: 'refused', why: opened }
    const outcome = await within(deadlineMs - performance.now(), run(opened, command))
    if (outcome === undefined) {
      this.close()
      return { kind: 'unknown', why: 'timeout' }
    }
    // A session that is not logged in stays so.
    if (outcome.kind === 'refused' && (outcome.why === 'NOAUTH' || outcome.why === 'WRONGPASS')) this.close()
    return outcome
  }

  /** The next call makes a new connection. */
  close(): void {
    this.#redis?.disconnect()
    this.#redis = undefined
  }

  /** @returns the connection, or why there is none */
  async #open(limitMs: number): Promise<Redis | string> {
    if (this.#redis?.status === 'ready') return this.#redis
    this.close()
    const { host, port, password, db } = this.#endpoint
    const redis = new Redis({
      host,
      port,
      ...(password === '' ? {} : { password }),
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      connectTimeout: limitMs,
    })
    let why = 'no connection'
    redis.on('error', (error: NodeJS.ErrnoException) => {
      why = error.name === 'ReplyError' ? outcomeWhy(error) : (error.code ?? why).toLowerCase()
    })
    // ioredis goes on in database 0 where its own SELECT fails.
    const selected = redis.connect().then(() => (db === 0 ? 'OK' : redis.select(db)))
    const opened = await within(
      limitMs,
      selected.then(
        () => true,
        () => false,
      ),
    )
    if (opened === true) {
      this.#redis = redis
      return redis
    }
    redis.disconnect()
    return why
  }
}

async function run<T>(redis: Redis, command: (redis: Redis) => Promise<T>): Promise<Outcome<T>> {
  try {
    return { kind: 'ok', answer: await command(redis) }
  } catch (error) {
    return outcomeOfRedisError(error)
  }
}

function outcomeWhy(error: Error): string {
  const outcome = outcomeOfRedisError(error)
  return outcome.kind === 'ok' ? '' : outcome.why
}

/** Undefined after so many milliseconds. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, limitMs), undefined)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}
