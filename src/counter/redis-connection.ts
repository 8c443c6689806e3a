import { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisConfig } from './config.ts'
import type { Key } from './path.ts'

export interface RedisConnectionOptions {
  readonly config: RedisConfig
  readonly logger: Logger
  /** How long a command whose reply is missing may hold up its connection, in milliseconds. */
  readonly timeoutMs: number
}

type Reply = string | null

interface Waiting {
  readonly args: readonly [name: string, ...keys: Key[]]
  readonly deadlineMs: number
  /** Undefined once answered. */
  settle: ((error: Error | undefined, reply: Reply) => void) | undefined
}

const SWEEP_MS = 100

/**
 * One connection on which the commands of concurrent requests travel together, and no command twice: one that
 * was sent when the connection broke is rejected at once (it may have run), one that was not sent waits for the
 * next connection until its deadline and then never runs. ioredis' own queues do neither: they keep commands
 * that were given up, and resend or forget those in flight; so its queues are off and these stand before it.
 */
export class RedisConnection {
  readonly #redis: Redis
  readonly #config: RedisConfig
  readonly #logger: Logger
  readonly #open = new Set<Waiting>()
  readonly #sweeper: NodeJS.Timeout
  #unsent: Waiting[] = []
  #flushing = false
  #ready = false
  /** What Redis said when it refused the connection (a wrong password): waiting would not help. */
  #refusal: Error | undefined

  constructor({ config, logger, timeoutMs }: RedisConnectionOptions) {
    this.#config = config
    this.#logger = logger
    this.#redis = new Redis({
      host: config.host,
      port: config.port,
      db: config.db,
      ...(config.password === '' ? {} : { password: config.password }),
      protocol: 2,
      stringNumbers: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Zero: whatever is in flight when the connection closes is rejected then.
      maxRetriesPerRequest: 0,
      connectTimeout: 3000,
      socketTimeout: timeoutMs,
      retryStrategy: (attempt) => (this.#refusal ? 1000 : Math.min(attempt * 50, 500)),
    })
    this.#redis.on('ready', () => void this.#onReady())
    this.#redis.on('close', () => (this.#ready = false))
    this.#redis.on('error', (error: Error) => {
      this.#onError(error)
    })
    this.#sweeper = setInterval(() => {
      this.#expire()
    }, SWEEP_MS)
    this.#sweeper.unref()
  }

  /** Sends one command; rejects with Redis' error, a broken connection, or after `timeoutMs`. */
  run(args: Waiting['args'], timeoutMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) {
        reject(this.#refusal)
        return
      }
      const command: Waiting = {
        args,
        deadlineMs: performance.now() + timeoutMs,
        settle: (error, reply) => {
          command.settle = undefined
          this.#open.delete(command)
          if (error) reject(error)
          else resolve(reply)
        },
      }
      this.#open.add(command)
      this.#unsent.push(command)
      this.#scheduleFlush()
    })
  }

  close(): void {
    clearInterval(this.#sweeper)
    this.#redis.disconnect()
    for (const command of this.#open) command.settle?.(new Error('The connection was closed.'), null)
  }

  #scheduleFlush(): void {
    if (this.#flushing || !this.#ready) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      if (this.#ready && this.#redis.status === 'ready') this.#flush()
    })
  }

  #flush(): void {
    const batch = this.#unsent.filter((command) => command.settle)
    this.#unsent = []
    if (batch.length === 0) return
    const pipeline = this.#redis.pipeline()
    for (const { args } of batch) pipeline.call(args[0], args.slice(1).map(toArgument))
    void pipeline.exec((failure, results) => {
      for (const [index, command] of batch.entries()) {
        const [error, reply] = results?.[index] ?? [failure ?? new Error('No reply.'), null]
        command.settle?.(error ?? undefined, reply as Reply)
      }
    })
  }

  /** ioredis goes on in database 0 when SELECT fails, where it would count under somebody else's keys. */
  async #onReady(): Promise<void> {
    try {
      if (this.#config.db !== 0) await this.#redis.select(this.#config.db)
    } catch (error) {
      this.#onError(error as Error)
      this.#redis.disconnect(true)
      return
    }
    if (this.#redis.status !== 'ready') return
    this.#refusal = undefined
    this.#ready = true
    this.#scheduleFlush()
  }

  #onError(error: Error): void {
    const { host, port } = this.#config
    this.#logger.warn({ redis: `${host}:${port}`, reason: error.message }, 'no connection to Redis')
    if (error.name !== 'ReplyError') return
    this.#refusal = error
    for (const command of this.#unsent) command.settle?.(error, null)
    this.#unsent = []
  }

  #expire(): void {
    const now = performance.now()
    for (const command of this.#open)
      if (command.deadlineMs <= now) command.settle?.(new Error('Redis did not answer in time.'), null)
    if (!this.#ready) this.#unsent = this.#unsent.filter((command) => command.settle)
  }
}

function toArgument(key: Key): string | Buffer {
  return typeof key === 'string' ? key : Buffer.from(key.buffer, key.byteOffset, key.byteLength)
}
