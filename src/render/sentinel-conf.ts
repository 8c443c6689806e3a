import { isHostName } from '../topology/host-name.ts'
import { timing, type NodeTopology, type Topology } from '../topology/topology.ts'
import { listenDirectives } from './listen-directives.ts'

export interface SentinelConfInput {
  readonly topology: Topology
  readonly node: NodeTopology
  /** The primary that it watches from its first start; later starts use what Sentinel itself wrote. */
  readonly primary: NodeTopology
  /** 40 hex digits, derived from deployment and index, so that a lost state is not a new voter. */
  readonly id: string
  readonly internalSecret: string
  /** SHA-256 in hex. */
  readonly internalHash: string
  /** Absolute. */
  readonly directory: string
  /** What a majority of the other sentinels knows, so that a sentinel without state never votes twice in one epoch. */
  readonly epochs: { readonly current: number; readonly leader: number; readonly config: number }
}

/** sentinel.conf for a first start. Sentinel rewrites it from then on. */
export function renderSentinelConf(input: SentinelConfInput): string {
  const { topology, node, primary, epochs } = input
  const name = topology.name
  const names = isHostName(node.address) ? 'yes' : 'no'
  return (
    [
      '# First written by Holdfast; Sentinel keeps its state here.',
      ...listenDirectives(node),
      `port ${String(node.sentinelPort)}`,
      'daemonize no',
      'set-proc-title no',
      'logfile ""',
      'protected-mode yes',
      `dir "${input.directory.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
      'user default off resetchannels -@all',
      `user holdfast on #${input.internalHash} ~* &* +@all`,
      'sentinel sentinel-user holdfast',
      `sentinel sentinel-pass ${input.internalSecret}`,
      `sentinel myid ${input.id}`,
      `sentinel announce-ip "${node.address}"`,
      `sentinel announce-port ${String(node.sentinelPort)}`,
      `sentinel resolve-hostnames ${names}`,
      ...(names === 'yes' ? ['sentinel announce-hostnames yes'] : []),
      'sentinel deny-scripts-reconfig yes',
      `sentinel monitor ${name} ${primary.address} ${String(primary.redisPort)} ${String(topology.quorum)}`,
      `sentinel auth-user ${name} holdfast-sentinel`,
      `sentinel auth-pass ${name} ${input.internalSecret}`,
      `sentinel down-after-milliseconds ${name} ${String(timing.downAfterMs)}`,
      `sentinel failover-timeout ${name} ${String(timing.failoverTimeoutMs)}`,
      `sentinel parallel-syncs ${name} ${String(topology.nodes.length)}`,
      `sentinel config-epoch ${name} ${String(epochs.config)}`,
      `sentinel leader-epoch ${name} ${String(epochs.leader)}`,
      `sentinel current-epoch ${String(epochs.current)}`,
    ].join('\n') + '\n'
  )
}
