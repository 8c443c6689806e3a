import { RedisClient } from '../../src/discovery/redis-client.ts'
import { ReplyError } from '../../src/resp/decode.ts'
import type { Counted, CountedHistory } from '../../src/verify/checkers/counted.ts'
import type { Outcome } from '../../src/verify/operation.ts'

export interface CallersOptions {
  readonly host: string
  readonly port: number
  readonly password: string
  readonly callers: number
  /** Of each caller. */
  readonly callsPerSecond: number
  /** Begins every key: ids of this load alone. */
  readonly keyPrefix: string
}

export interface Callers {
  /** All calls that have ended; it grows. */
  readonly history: CountedHistory
  /** No further calls; resolves when the last has ended. */
  stop(): Promise<CountedHistory>
}

/** Above the gateway's hold. */
const timeoutMs = 20_000
/** How often is looked who is due. */
const tickMs = 2

/** Error replies that say that the command was not run. Anything else (UNCERTAIN) leaves it open. */
const refusals = [
  'TRYAGAIN',
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'NOREPLICAS',
  'MISCONF',
  'NOAUTH',
  'WRONGPASS',
]

/**
 * Callers that each INCR a key of their own on a connection of their own, when it is due and not when the last one was answered:
 * who has to wait does not call less often. Each call is sent once; without a connection it fails at once.
 */
export async function startCallers(options: CallersOptions): Promise<Callers> {
  const history: Counted[] = []
  const pending = new Set<Promise<void>>()
  const connections = Array.from({ length: options.callers }, () => new Connection(options))
  await Promise.all(connections.map((each) => each.opened))
  const stepMs = 1000 / options.callsPerSecond / options.callers
  const beganMs = performance.now()
  let calls = 0
  const callDue = () => {
    for (let dueMs = beganMs + calls * stepMs; dueMs <= performance.now(); dueMs += stepMs) {
      const ended = call(calls % options.callers, dueMs).finally(() => pending.delete(ended))
      pending.add(ended)
      calls += 1
    }
  }
  const call = async (caller: number, dueMs: number) => {
    const id = `${options.keyPrefix}${caller}`
    const startMs = performance.now()
    const outcome = (await connections[caller]?.increment(id)) ?? { kind: 'refused', why: 'no caller' }
    history.push({ id, caller, dueMs, startMs, endMs: performance.now(), outcome })
  }
  const timer = setInterval(callDue, tickMs)
  return {
    history,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(pending)
      for (const each of connections) each.close()
      return history
    },
  }
}

/** One that is made anew as soon as it is lost. */
class Connection {
  readonly opened: Promise<void>
  readonly #options: CallersOptions
  #client: RedisClient | undefined
  #closed = false

  constructor(options: CallersOptions) {
    this.#options = options
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.opened = promise
    this.#open(resolve)
  }

  async increment(key: string): Promise<Outcome<number>> {
    const client = this.#client
    if (client?.ready !== true) return { kind: 'refused', why: 'no connection' }
    try {
      const [reply] = await client.send([['INCR', key]], timeoutMs)
      if (typeof reply === 'number') return { kind: 'ok', answer: reply }
      const code = reply instanceof ReplyError ? (reply.message.split(' ')[0] ?? '') : 'no count'
      return { kind: refusals.includes(code) ? 'refused' : 'unknown', why: code }
    } catch {
      return { kind: 'unknown', why: 'connection lost' }
    }
  }

  close(): void {
    this.#closed = true
    this.#client?.close('done')
  }

  #open(onReady: (nothing: undefined) => void): void {
    const { host, port, password } = this.#options
    const credentials = { user: 'default', password }
    const onClose = () => {
      if (!this.#closed) setTimeout(() => this.#open(onReady), 10)
    }
    this.#client = new RedisClient({ host, port, credentials, connectTimeoutMs: timeoutMs, onClose }, () => {
      onReady(undefined)
    })
  }
}
