import { timing, type NodeTopology, type Topology } from '../topology/topology.ts'
import { listenDirectives } from './listen-directives.ts'

export interface RedisConfInput {
  readonly topology: Topology
  readonly node: NodeTopology
  /** Absolute. */
  readonly dataDirectory: string
  /** Absolute. */
  readonly aclFile: string
  /**
   * With it a node authenticates to the primary as `holdfast-replica`, and for nothing else: whoever may ask CONFIG GET
   * sees it.
   */
  readonly replicaSecret: string
}

const backlogBytes = 64 * 2 ** 20

/** The gateway's shared connections, agents, sentinels and replicas, with much to spare. */
const otherClients = 1000

/**
 * redis.conf of one node. It never says who is primary: that is told to the running server, and a start finds out anew.
 */
export function renderRedisConf(input: RedisConfInput): string {
  const { topology, node } = input
  const { redis, gateway, f } = topology
  return lines([
    '# Written by Holdfast at every start of this node; changes belong in holdfast.yaml.',
    ...listenDirectives(node),
    `port ${String(node.redisPort)}`,
    'protected-mode yes',
    'daemonize no',
    '# Its environment says which deployment it belongs to; a title would overwrite that.',
    'set-proc-title no',
    'logfile ""',
    `dir ${quote(input.dataDirectory)}`,
    `aclfile ${quote(input.aclFile)}`,
    '# One more than clients can select: the last one holds the record of the in-sync set.',
    `databases ${String(redis.databases + 1)}`,
    '# A client of the gateway has at most two connections of its own here.',
    `maxclients ${String(2 * gateway.limits.sessions + otherClients)}`,
    '# What the data may take, and the replication backlog, which Redis counts too.',
    `maxmemory ${String(redis.maxmemoryBytes === 0 ? 0 : redis.maxmemoryBytes + backlogBytes)}`,
    'maxmemory-policy noeviction',
    '',
    'appendonly yes',
    `appendfsync ${redis.appendfsync}`,
    'save ""',
    'stop-writes-on-bgsave-error no',
    '',
    'masteruser holdfast-replica',
    `masterauth ${quote(input.replicaSecret)}`,
    `replica-announce-ip ${node.address}`,
    `replica-announce-port ${String(node.redisPort)}`,
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    '# Large enough that a survivor of a failover resumes where it was.',
    `repl-backlog-size ${String(backlogBytes)}`,
    'repl-backlog-ttl 0',
    'repl-ping-replica-period 1',
    'repl-timeout 10',
    'replica-ignore-disk-write-errors yes',
    '# A second fence behind the in-sync set, not the proof.',
    `min-replicas-to-write ${String(f)}`,
    `min-replicas-max-lag ${String(timing.minReplicasMaxLagS)}`,
    'shutdown-timeout 2',
  ])
}

/** A directive's value in Redis' own quoting. */
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function lines(all: readonly string[]): string {
  return all.join('\n') + '\n'
}
