import type { Logger } from 'pino'
import type { RedisConfig } from './config.ts'
import { RedisError, RedisSocket } from './redis-socket.ts'
import type { Command, Reply } from './redis-socket.ts'

export interface RedisConnectionOptions {
  readonly config: RedisConfig
  readonly logger: Logger
  /** How long a command whose reply is missing may hold up its connection, in milliseconds. */
  readonly timeoutMs: number
}

interface Waiting extends Command {
  readonly deadlineMs: number
  isSettled: boolean
}

const SWEEP_MS = 100
const CONNECT_TIMEOUT_MS = 3000
const LONGEST_PAUSE_MS = 500
/** What Redis refused (a wrong password) it will refuse again in a moment. */
const REFUSED_PAUSE_MS = 1000

/**
 * One connection on which the commands of concurrent requests travel together, and no command twice: one that
 * was sent when the connection broke is rejected at once (it may have run), one that was not sent waits for the
 * next connection until its deadline and then never runs. The queues of Redis' usual clients do neither (they keep
 * commands that were given up, and resend or forget those in flight), and what they do instead costs more time than
 * the rest of a request.
 */
export class RedisConnection {
  readonly #config: RedisConfig
  readonly #logger: Logger
  readonly #timeoutMs: number
  readonly #open = new Set<Waiting>()
  readonly #sweeper: NodeJS.Timeout
  #socket: RedisSocket
  #unsent: Waiting[] = []
  #flushing = false
  #ready = false
  #attempts = 0
  #nextAttempt: NodeJS.Timeout | undefined
  #isClosed = false
  /** What Redis said when it refused the connection (a wrong password): waiting would not help. */
  #refusal: Error | undefined

  constructor({ config, logger, timeoutMs }: RedisConnectionOptions) {
    this.#config = config
    this.#logger = logger
    this.#timeoutMs = timeoutMs
    this.#socket = this.#connect()
    this.#sweeper = setInterval(() => {
      this.#expire()
    }, SWEEP_MS)
    this.#sweeper.unref()
  }

  /** Sends one command; rejects with Redis' error, a broken connection, or after `timeoutMs`. */
  run(args: Command['args'], timeoutMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#refusal) {
        reject(this.#refusal)
        return
      }
      const command: Waiting = {
        args,
        deadlineMs: performance.now() + timeoutMs,
        isSettled: false,
        settle: (error, reply) => {
          command.isSettled = true
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
    this.#isClosed = true
    clearInterval(this.#sweeper)
    clearTimeout(this.#nextAttempt)
    this.#socket.destroy()
    for (const command of this.#open) command.settle(new Error('The connection was closed.'), null)
  }

  #scheduleFlush(): void {
    if (this.#flushing || !this.#ready) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      if (this.#ready) this.#flush()
    })
  }

  #flush(): void {
    const batch = this.#unsent.filter(({ isSettled }) => !isSettled)
    this.#unsent = []
    if (batch.length > 0) this.#socket.send(batch)
  }

  #connect(): RedisSocket {
    return new RedisSocket({
      to: this.#config,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      onOpen: () => {
        this.#greet()
      },
      onClose: (error) => {
        this.#onClose(error)
      },
    })
  }

  /**
   * Nothing else is sent before all of it is accepted: after a SELECT that failed, one would count under somebody
   * else's keys. PING, since a Redis that still loads its data accepts the others.
   */
  #greet(): void {
    const { password, db } = this.#config
    const greeting: Command['args'][] = [
      ...(password === '' ? [] : [['AUTH', Buffer.from(password)] as const]),
      ...(db === 0 ? [] : [['SELECT', String(db)] as const]),
      ['PING'],
    ]
    let accepted = 0
    const settle: Command['settle'] = (error) => {
      if (error) {
        this.#socket.destroy(error)
        return
      }
      accepted += 1
      if (accepted === greeting.length) this.#onReady()
    }
    this.#socket.send(greeting.map((args) => ({ args, settle })))
  }

  #onReady(): void {
    this.#attempts = 0
    this.#refusal = undefined
    this.#ready = true
    this.#scheduleFlush()
  }

  #onClose(error: Error | null): void {
    this.#ready = false
    if (this.#isClosed) return
    if (error) this.#onError(error)
    this.#attempts += 1
    const pauseMs = this.#refusal ? REFUSED_PAUSE_MS : Math.min(this.#attempts * 50, LONGEST_PAUSE_MS)
    this.#nextAttempt = setTimeout(() => {
      this.#socket = this.#connect()
    }, pauseMs)
  }

  #onError(error: Error): void {
    const { host, port } = this.#config
    this.#logger.warn({ redis: `${host}:${port}`, reason: error.message }, 'no connection to Redis')
    if (!(error instanceof RedisError) || error.message.startsWith('LOADING ')) return
    this.#refusal = error
    for (const command of this.#unsent) command.settle(error, null)
    this.#unsent = []
  }

  #expire(): void {
    const now = performance.now()
    for (const command of this.#open)
      if (command.deadlineMs <= now) command.settle(new Error('Redis did not answer in time.'), null)
    if (!this.#ready) this.#unsent = this.#unsent.filter(({ isSettled }) => !isSettled)
    if (this.#socket.silentForMs() > this.#timeoutMs)
      this.#socket.destroy(new Error(`No reply within ${this.#timeoutMs} ms.`))
  }
}
