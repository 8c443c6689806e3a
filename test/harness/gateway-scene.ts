import type { TestContext } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { Reply } from '../../src/resp/decode.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { eventually } from './eventually.ts'
import { RawClient } from './raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from './redis-group.ts'

export interface GatewaySceneOptions {
  readonly block: number
  readonly holdMs?: number
  readonly settings?: Partial<Topology['gateway']>
}

/** A group whose first node stays primary, and a gateway before it. */
export interface GatewayScene {
  readonly group: RedisGroup
  readonly gateway: Gateway
  /** A client that has said the password. */
  readonly connect: () => Promise<RawClient>
  /** Several commands on one connection to the primary, with the markers' database selected. @returns the last one's reply */
  readonly ask: (...args: readonly string[]) => Promise<Reply | undefined>
  /** Stops the primary, and the sentinels so that none replaces it, while `act` runs. */
  readonly whileHung: (act: () => Promise<void>) => Promise<void>
}

export async function startGatewayScene(t: TestContext, options: GatewaySceneOptions): Promise<GatewayScene> {
  const { block, holdMs, settings } = options
  const group = new RedisGroup({ block, ...(holdMs === undefined ? {} : { holdMs }) })
  t.after(() => group.stop())
  await group.start()
  const gateway = await startGateway({
    topology: { ...group.topology, gateway: { ...group.topology.gateway, ...settings } },
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  t.after(() => gateway.stop(100))
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
  const { host, port } = group.topology.gateway
  const nodes = group.topology.nodes.map((node) => node.index)
  return {
    group,
    gateway,
    connect: async () => {
      const client = await RawClient.open(host, port, clientPassword)
      await client.expect('+OK\r\n')
      return client
    },
    ask: (...args) => group.ask(0, args),
    whileHung: async (act) => {
      for (const node of nodes) group.signalSentinel(node, 'SIGSTOP')
      group.signalRedis(0, 'SIGSTOP')
      try {
        await act()
      } finally {
        group.signalRedis(0, 'SIGCONT')
        for (const node of nodes) group.signalSentinel(node, 'SIGCONT')
      }
    },
  }
}
