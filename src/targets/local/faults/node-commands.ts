import { Redis } from 'ioredis'
import { once } from 'node:events'
import { controlConnection } from '../../../agent/redis-link.ts'
import { HoldfastError } from '../../../errors.ts'
import { derivedSecret } from '../../../platform/derived-secret.ts'
import type { Topology } from '../../../topology/topology.ts'
import { reachable } from '../http-probe.ts'
import type { LocalPaths } from '../paths.ts'
import { requireSecrets } from '../state-files.ts'
import { nodeAt } from './network.ts'
import { controlAddress } from './packet-rules.ts'

const connectWithinMs = 2000
const replyWithinMs = 10_000
/** Above the gateway's hold: a command may wait for a primary. */
const gatewaySlackMs = 5000

/** One command to a node's redis-server or sentinel, as the administrator, on a connection that no cut reaches. */
export async function askNode(
  paths: LocalPaths,
  topology: Topology,
  { node: index, server }: { readonly node: number; readonly server: 'redis' | 'sentinel' },
  words: readonly string[],
): Promise<unknown> {
  const node = nodeAt(topology, index)
  const port = server === 'redis' ? node.redisPort : node.sentinelPort
  const { internal: internalSecret } = requireSecrets(paths)
  const at = { host: node.address, port, internalSecret, replyWithinMs, from: controlAddress }
  return await askOnce(controlConnection(at), `${server}-${String(index)}`, words)
}

/** One command through the gateway, as an operator gives it. */
export async function askGateway(
  paths: LocalPaths,
  topology: Topology,
  words: readonly string[],
): Promise<unknown> {
  const { gateway, redis } = topology
  const connection = new Redis({
    host: reachable(gateway.host),
    port: gateway.port,
    username: 'operator',
    password: derivedSecret(requireSecrets(paths).internal, 'operator'),
    db: redis.db,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: gateway.holdMs + gatewaySlackMs,
    retryStrategy: () => null,
  })
  connection.on('error', () => undefined)
  // Its first commands wait for a primary as all others do.
  return await askOnce(connection, 'gateway', words, gateway.holdMs + gatewaySlackMs)
}

async function askOnce(
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

/** @throws HoldfastError NOT_RUNNING */
async function connected(connection: Redis, name: string, withinMs: number): Promise<void> {
  if (connection.status === 'ready') return
  try {
    await once(connection, 'ready', { signal: AbortSignal.timeout(withinMs) })
  } catch (cause) {
    const hint = './holdfast status'
    throw new HoldfastError('NOT_RUNNING', `${name} cannot be reached`, { hint, cause })
  }
}
