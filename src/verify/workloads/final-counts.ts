import { HoldfastError } from '../../errors.ts'
import { readValues, withRedis } from './end-state.ts'

export interface FinalCountsOptions {
  /** A Redis or a gateway. */
  readonly host: string
  readonly port: number
  /** Empty: no AUTH. */
  readonly password?: string
  readonly db?: number
  /** Limit of each command, in milliseconds. Default 30 s: longer than the gateway's hold. */
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
  const endpoint = { host, port, password, db }
  const values = await withRedis(endpoint, timeoutMs, (redis) => readValues(redis, [...new Set(ids)]))
  return new Map([...values].map(([id, value]) => [id, countOf(id, value, `${host}:${port}`)]))
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
