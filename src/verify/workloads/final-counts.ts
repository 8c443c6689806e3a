import { Redis } from 'ioredis'
import { HoldfastError } from '../../errors.ts'

export interface FinalCountsOptions {
  /** A Redis or a gateway. */
  readonly host: string
  readonly port: number
  /** Empty: no AUTH. */
  readonly password?: string
  readonly db?: number
  /** Limit of the whole, in milliseconds. Default 30 s: longer than the gateway's hold. */
  readonly timeoutMs?: number
}

/**
 * Reads the counts of these ids straight from Redis; an id that does not exist has 0.
 * Rejects with a HoldfastError when Redis does not answer in time or a value is no count.
 */
export async function readFinalCounts(
  ids: Iterable<string>,
  { host, port, password = '', db = 0, timeoutMs = 30_000 }: FinalCountsOptions,
): Promise<ReadonlyMap<string, number>> {
  const address = `${host}:${port}`
  const redis = new Redis({
    host,
    port,
    db,
    ...(password === '' ? {} : { password }),
    maxRetriesPerRequest: null,
    commandTimeout: timeoutMs,
  })
  let lastSeen = ''
  redis.on('error', (error: Error) => (lastSeen = error.message))
  try {
    const values = await Promise.all([...new Set(ids)].map(async (id) => [id, await redis.get(id)] as const))
    return new Map(values.map(([id, value]) => [id, countOf(id, value, address)]))
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    const reason = [(cause as Error).message, lastSeen].filter((text) => text !== '').join('; ')
    throw new HoldfastError('TIMEOUT', `The final counts could not be read from ${address}: ${reason}.`, {
      cause,
    })
  } finally {
    redis.disconnect()
  }
}

/** The ids that a history called, each once. */
export function idsOf(history: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(history.map(({ id }) => id))
}

function countOf(id: string, value: string | null, address: string): number {
  const count = Number(value ?? '0')
  if (Number.isSafeInteger(count)) return count
  throw new HoldfastError('DATA_DAMAGED', `The value of ${id} at ${address} is no count.`)
}
