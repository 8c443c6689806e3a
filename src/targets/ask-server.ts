import { once } from 'node:events'
import { Redis } from 'ioredis'
import { HoldfastError } from '../errors.ts'

const connectWithinMs = 2000
/** Above the gateway's hold: a command may wait for a primary. */
const gatewaySlackMs = 5000

export interface GatewayAddress {
  readonly host: string
  readonly port: number
  readonly password: string
  readonly db: number
  readonly holdMs: number
}

/**
 * One command on a connection of its own, which is closed then.
 * @returns the decoded reply
 * @throws HoldfastError NOT_RUNNING; what the server refuses in its own words
 */
export async function askOnce(
  connection: Redis,
  name: string,
  words: readonly string[],
  withinMs = connectWithinMs,
): Promise<unknown> {
  const [command = '', ...args] = words
  try {
    await connected(connection, name, withinMs)
    return await connection.call(command, ...args)
  } finally {
    connection.disconnect()
  }
}

/** One command through a gateway, as an application gives it. */
export async function askGatewayAt(
  { holdMs, ...address }: GatewayAddress,
  words: readonly string[],
): Promise<unknown> {
  const connection = new Redis({
    ...address,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: holdMs + gatewaySlackMs,
    retryStrategy: () => null,
  })
  connection.on('error', () => undefined)
  // Its first commands wait for a primary as all others do.
  return await askOnce(connection, 'gateway', words, holdMs + gatewaySlackMs)
}

async function connected(connection: Redis, name: string, withinMs: number): Promise<void> {
  if (connection.status === 'ready') return
  try {
    await once(connection, 'ready', { signal: AbortSignal.timeout(withinMs) })
  } catch (cause) {
    const hint = './holdfast status'
    throw new HoldfastError('NOT_RUNNING', `${name} cannot be reached`, { hint, cause })
  }
}
