import type { AgentState } from '../agent/api.ts'
import { counts } from '../insync/majorities.ts'
import { compareEpochs } from '../insync/record.ts'
import { majoritiesOf, type Topology } from '../topology/topology.ts'
import type { NodeStatus } from './status.ts'

/** What the agents of a deployment say at one moment, wherever it runs. */
export interface NodesSeen {
  readonly topology: Topology
  /** By node; null: its agent does not answer. */
  readonly agents: readonly (AgentState | null)[]
}

/** The node whose gate passed; of several that think so the one of the highest epoch. */
export function findPrimary(agents: NodesSeen['agents']): AgentState | null {
  const reigning = agents.flatMap((agent) => (agent?.reign == null ? [] : [{ agent, reign: agent.reign }]))
  return reigning.toSorted((a, b) => compareEpochs(b.reign, a.reign))[0]?.agent ?? null
}

export function nodeStatuses(seen: NodesSeen): readonly NodeStatus[] {
  const primary = findPrimary(seen.agents)
  return seen.topology.nodes.map((node) => nodeStatus(seen, node.index, primary))
}

function nodeStatus(seen: NodesSeen, index: number, primary: AgentState | null): NodeStatus {
  const agent = seen.agents[index] ?? null
  const node = seen.topology.nodes[index]
  const isPrimary = primary?.node === index
  const isReplica = agent?.redis.role === 'slave' && agent.redis.follows !== null
  const offset = agent?.redis.offset ?? 0
  return {
    name: `redis-${String(index)}`,
    address: `${node?.address ?? ''}:${String(node?.redisPort ?? 0)}`,
    role: isPrimary ? 'primary' : isReplica ? 'replica' : 'unknown',
    up: agent?.redis.up ?? false,
    inSync: isPrimary || primary?.redis.record?.members.includes(index) === true || isSpare(seen, index),
    offset,
    lagBytes: primary === null || agent?.redis.up !== true ? 0 : Math.max(0, primary.redis.offset - offset),
    sentinel: { up: agent?.sentinel.up ?? false, primarySeen: agent?.sentinel.primarySeen ?? null },
  }
}

/** A node that does not count, while their number changes, is never in the set: it has everything, or is on its way. */
function isSpare({ topology, agents }: NodesSeen, index: number): boolean {
  const agent = agents[index]
  return !counts(index, majoritiesOf(topology)) && agent?.intact === true && agent.redis.linkUp
}
