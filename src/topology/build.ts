import type { Spec } from '../spec/schema.ts'
import { formatAddress } from '../spec/units.ts'
import type { Topology } from './topology.ts'

const clientDatabases = 16

/**
 * What a spec comes to on this machine.
 * @param directory the app's working directory, absolute
 */
export function buildTopology(spec: Spec, directory: string): Topology {
  const nodes = spec.redis.nodes
  const f = (nodes - 1) / 2
  return {
    name: spec.name,
    nodes: Array.from({ length: nodes }, (_, index) => ({
      index,
      name: `redis-${String(index)}`,
      address: formatAddress(spec.local.network.first + index + 1),
      redisPort: 6379,
      sentinelPort: 26_379,
      agentPort: 26_380,
    })),
    f,
    quorum: f + 1,
    redis: {
      databases: clientDatabases,
      markersDb: clientDatabases,
      db: spec.redis.db,
      maxmemoryBytes: spec.redis.maxmemoryBytes,
      appendfsync: spec.redis.appendfsync,
    },
    gateway: {
      name: 'gateway',
      host: spec.gateway.listen.host,
      port: spec.gateway.listen.port,
      adminHost: spec.gateway.listen.host,
      adminPort: spec.gateway.listen.port + 1,
      holdMs: spec.gateway.holdMs,
      delivery: spec.gateway.delivery,
      ack: spec.gateway.ack,
      reads: spec.gateway.reads,
      limits: spec.gateway.limits,
    },
    app: {
      command: spec.app.command,
      directory,
      env: spec.app.env,
      healthPath: spec.app.health,
      instances: Array.from({ length: spec.app.instances }, (_, index) => ({
        name: `app-${String(index)}`,
        index,
        host: '127.0.0.1',
        port: spec.app.port + index,
      })),
    },
    frontDoor: { name: 'front-door', ...spec.frontDoor.listen },
  }
}
