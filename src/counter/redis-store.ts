import type { Logger } from 'pino'
import type { RedisConfig } from './config.ts'
import type { Key } from './path.ts'
import { RedisConnection } from './redis-connection.ts'
import type { CounterStore } from './store.ts'

export interface RedisStoreOptions {
  readonly config: RedisConfig
  readonly logger: Logger
  /** Limit of a count, in milliseconds; above the gateway's hold (10 s), so that a failover is waited for. */
  readonly timeoutMs?: number
  /** Limit of a ping, in milliseconds; a load balancer's probe wants an answer before it gives up by itself. */
  readonly pingTimeoutMs?: number
}

const MAX_COUNT = 2n ** 63n - 1n

/** Counts in Redis: the key is the id, the value its decimal count. */
export function createRedisStore({
  config,
  logger,
  timeoutMs = 15_000,
  pingTimeoutMs = 2000,
}: RedisStoreOptions): CounterStore {
  const connection = new RedisConnection({ config, logger, timeoutMs })
  return {
    increment: async (key: Key) => countOf(await connection.run(['INCR', key], timeoutMs)),
    peek: async (key: Key) => {
      const next = BigInt(countOf((await connection.run(['GET', key], timeoutMs)) ?? '0')) + 1n
      if (next > MAX_COUNT) throw new Error('The count is at its limit.')
      return String(next)
    },
    ping: async () => {
      await connection.run(['PING'], pingTimeoutMs)
    },
    close: () => {
      connection.close()
    },
  }
}

/** The spelling that Redis itself takes for an integer (string2ll): no sign but minus, no leading zero. */
function countOf(reply: string | null): string {
  if (reply !== null && /^(0|-?[1-9]\d{0,18})$/.test(reply)) return reply
  throw new Error('The stored value is not a count.')
}
