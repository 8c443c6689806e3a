import { Redis } from 'ioredis'
import { HoldfastError } from '../../errors.ts'
import type { RedisEndpoint } from './workload.ts'

const chunkLength = 100

/**
 * Uses one connection, which is made again when it is lost; a command may so be sent twice.
 * Rejects with a HoldfastError that names the address and the last thing seen.
 * @param timeoutMs of each command
 */
export async function withRedis<T>(
  { host, port, password, db }: RedisEndpoint,
  timeoutMs: number,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({
    host,
    port,
    ...(password === '' ? {} : { password }),
    maxRetriesPerRequest: null,
    commandTimeout: timeoutMs,
  })
  let lastSeen = ''
  redis.on('error', (error: Error) => (lastSeen = error.message))
  try {
    // Not by the client itself: it would go on in database 0 when this fails.
    if (db !== 0) await redis.select(db)
    return await use(redis)
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    const reason = [(cause as Error).message, lastSeen].filter((text) => text !== '').join('; ')
    throw new HoldfastError('TIMEOUT', `${host}:${port} did not answer: ${reason}.`, { cause })
  } finally {
    redis.disconnect()
  }
}

/**
 * The same at the first of them that answers. Rejects with what the last one said.
 * @param timeoutMs of each command: above the gateway's hold
 */
export async function withFirst<T>(
  endpoints: readonly RedisEndpoint[],
  timeoutMs: number,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  let last: unknown = new HoldfastError('USAGE', 'There is no Redis to ask.')
  for (const endpoint of endpoints)
    try {
      return await withRedis(endpoint, timeoutMs, use)
    } catch (error) {
      last = error
    }
  throw last
}

/** The values of these keys, null for one that does not exist. */
export async function readValues(
  redis: Redis,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const values = await Promise.all(keys.map((key) => redis.get(key)))
  return new Map(keys.map((key, index) => [key, values[index] ?? null]))
}

/** One key a command, since they may be spread over several servers. */
export async function removeKeys(
  endpoints: readonly RedisEndpoint[],
  timeoutMs: number,
  keys: readonly string[],
): Promise<void> {
  await withFirst(endpoints, timeoutMs, async (redis) => {
    for (let first = 0; first < keys.length; first += chunkLength)
      await Promise.all(keys.slice(first, first + chunkLength).map((key) => redis.unlink(key)))
  })
}

/** The values of these keys as counts: 0 for one that does not exist, NaN for what is no count. */
export async function readCounts(
  redis: Redis,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const values = await readValues(redis, keys)
  return new Map([...values].map(([key, value]) => [key, countOf(value ?? '0')]))
}

function countOf(digits: string): number {
  return /^-?\d{1,15}$/.test(digits) ? Number(digits) : NaN
}
