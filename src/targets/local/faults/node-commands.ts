import { controlConnection } from '../../../agent/redis-link.ts'
import type { Topology } from '../../../topology/topology.ts'
import { askGatewayAt, askOnce } from '../../ask-server.ts'
import { reachable } from '../http-probe.ts'
import type { LocalPaths } from '../paths.ts'
import { requireSecrets } from '../state-files.ts'
import { nodeAt } from './network.ts'
import { controlAddress } from './packet-rules.ts'

const replyWithinMs = 10_000

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

/** One command through the gateway, as an application gives it. */
export async function askGateway(
  paths: LocalPaths,
  { gateway, redis }: Topology,
  words: readonly string[],
): Promise<unknown> {
  const { password } = requireSecrets(paths)
  const { port, holdMs } = gateway
  return await askGatewayAt({ host: reachable(gateway.host), port, password, db: redis.db, holdMs }, words)
}
