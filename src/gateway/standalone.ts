import type { RedisAddress, RedisCredentials } from '../discovery/redis-client.ts'
import { createLogger } from '../platform/log.ts'
import type { GatewayLimits, GatewaySettings } from '../spec/gateway-settings.ts'
import type { Listen } from '../spec/units.ts'
import type { Topology } from '../topology/topology.ts'
import { serve } from './serve.ts'

/** A gateway before a Sentinel deployment that Holdfast knows nothing else of. */
export interface StandaloneOptions extends Omit<GatewaySettings, 'ack' | 'limits'> {
  /** The name under which the sentinels watch the primary. */
  readonly name: string
  /** At least one; a host may be a name. */
  readonly sentinels: readonly RedisAddress[]
  readonly listen: Listen
  readonly adminListen: Listen
  /** Replicas to wait for; there is no record of who is in sync. */
  readonly ack: number
  readonly holdMs: number
  /** The database where markers are kept; clients see those below it. */
  readonly markersDb: number
  /** Null: none is asked for. */
  readonly redis: RedisCredentials | null
  readonly sentinel: RedisCredentials | null
}

export interface RunStandaloneOptions {
  readonly options: StandaloneOptions
  /** Read again on SIGHUP. */
  readonly readLimits: () => Promise<GatewayLimits>
  /** Aborted: finish and leave. */
  readonly signal: AbortSignal
  /** How long it goes on serving first, while clients are there: in a pod all containers are told to end at once. */
  readonly lingerMs?: number
}

/**
 * Runs a gateway without agents, record and gate, until `signal` is aborted.
 * @returns the exit code
 * @throws HoldfastError PORT_IN_USE
 */
export async function runStandalone({
  options,
  readLimits,
  signal,
  lingerMs = 0,
}: RunStandaloneOptions): Promise<number> {
  const { sentinels, name, redis, sentinel } = options
  const log = createLogger('gateway')
  return await serve({
    options: ({ limits }) => ({
      topology: standaloneTopology(options, limits),
      standalone: { sentinels, name },
      nodeCredentials: redis,
      sentinelCredentials: sentinel,
      log,
    }),
    read: async () => ({ limits: await readLimits() }),
    log,
    signal,
    lingerMs,
  })
}

/** What a deployment's topology tells its gateway, as far as there is such a thing here: no nodes are known beforehand. */
export function standaloneTopology(options: StandaloneOptions, limits: GatewayLimits): Topology {
  const { name, listen, adminListen, markersDb, holdMs, delivery, ack, reads } = options
  return {
    name,
    nodes: [],
    f: 0,
    quorum: Math.floor(options.sentinels.length / 2) + 1,
    redis: { databases: markersDb, markersDb, db: 0, maxmemoryBytes: 0, appendfsync: 'everysec' },
    gateway: {
      name: 'gateway',
      host: listen.host,
      port: listen.port,
      adminHost: adminListen.host,
      adminPort: adminListen.port,
      holdMs,
      delivery,
      ack,
      reads,
      limits,
    },
    app: { command: null, directory: '/', env: {}, healthPath: '/', instances: [] },
    frontDoor: { name: 'front-door', host: listen.host, port: 0 },
  }
}
