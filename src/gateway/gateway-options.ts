import type { RedisCredentials } from '../discovery/redis-client.ts'
import type { StandaloneSettings } from '../discovery/rules.ts'
import type { GatewayLimits } from '../spec/gateway-settings.ts'
import type { Topology } from '../topology/topology.ts'
import type { Connect } from './connection.ts'

export interface GatewayLog {
  readonly info: (details: object, message: string) => void
  readonly warn: (details: object, message: string) => void
}

export interface GatewayOptions {
  readonly topology: Topology
  /** For the nodes: the user with all rights. Null: they ask for no password. */
  readonly nodeCredentials: RedisCredentials | null
  readonly sentinelCredentials: RedisCredentials | null
  /** Whether Redis asks clients for a password: until they gave it, they may send little. Left out: the primary is asked. */
  readonly passwordRequired?: boolean
  readonly log: GatewayLog
  /** A bound socket handed down; otherwise host and port of the topology. */
  readonly listenFd?: number
  /** A Sentinel deployment that somebody else set up, in place of the topology's nodes: no agents, no record, no gate. */
  readonly standalone?: Pick<StandaloneSettings, 'sentinels' | 'name'>
  /** Instead of the topology's. */
  readonly limits?: GatewayLimits
  /** How connections to the primary are opened; the plain way when left out. */
  readonly connect?: Connect
}
