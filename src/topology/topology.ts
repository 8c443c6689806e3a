import { majorityOf, type Majorities } from '../insync/majorities.ts'
import type { GatewaySettings } from '../spec/gateway-settings.ts'

/** What a spec comes to: every process with its name, address and ports. Plain data; written to topology.json as it is. */
export interface Topology {
  readonly name: string
  readonly nodes: readonly NodeTopology[]
  /** How many nodes may be lost: nodes = 2f + 1. While their number changes, that of the smaller number. */
  readonly f: number
  /** Sentinels that must agree: the majority. */
  readonly quorum: number
  /** While the number of nodes changes: of what sets of nodes a majority is needed. Left out: of all. */
  readonly majorities?: Majorities
  readonly redis: RedisSettings
  readonly gateway: GatewayTopology
  readonly app: AppTopology
  readonly frontDoor: FrontDoorTopology
}

export function majoritiesOf({ nodes, majorities }: Pick<Topology, 'nodes' | 'majorities'>): Majorities {
  return majorities ?? majorityOf(nodes.length)
}

export interface NodeTopology {
  /** From 0. */
  readonly index: number
  /** `redis-0`; its sentinel is `sentinel-0`, its agent `agent-0`. */
  readonly name: string
  readonly address: string
  readonly redisPort: number
  readonly sentinelPort: number
  readonly agentPort: number
}

export interface RedisSettings {
  /** Databases a client can select: 0 to databases - 1. */
  readonly databases: number
  /** The one above them, where the record is kept. Equal to `databases`; redis-server is told one more. */
  readonly markersDb: number
  /** The database that applications get as REDIS_DB. */
  readonly db: number
  /** Bytes; 0: no limit. */
  readonly maxmemoryBytes: number
  readonly appendfsync: 'everysec' | 'always'
}

/** Delivery, acknowledgement, reads and limits are as the spec has them. */
export interface GatewayTopology extends GatewaySettings {
  /** `gateway` */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly adminHost: string
  readonly adminPort: number
  /** How long a command waits for a primary before it is refused. */
  readonly holdMs: number
}

export interface AppTopology {
  /** argv of the user's program; null: the bundled counter. Run by `/bin/sh -c` when it was written as one string. */
  readonly command: readonly string[] | null
  /** Working directory of `command`, absolute. */
  readonly directory: string
  /** Additional variables. */
  readonly env: Readonly<Record<string, string>>
  /** Path that answers 200 when an instance can serve. */
  readonly healthPath: string
  readonly instances: readonly InstanceTopology[]
}

export interface InstanceTopology {
  /** `app-0` */
  readonly name: string
  readonly index: number
  readonly host: string
  readonly port: number
}

export interface FrontDoorTopology {
  /** `front-door` */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Milliseconds that the whole system is tuned around; rendered into sentinel.conf and used by agents and gateways. */
export const timing = {
  /** A primary that is silent for this long is down for a sentinel. Below 1000, false failovers lose writes (measured). */
  downAfterMs: 1500,
  failoverTimeoutMs: 3000,
  /** A member of the in-sync set that does not acknowledge for this long is written out of it. */
  memberSilentMs: 1000,
  minReplicasMaxLagS: 2,
} as const
