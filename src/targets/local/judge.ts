import type { AgentState } from '../../agent/api.ts'
import { compareEpochs } from '../../insync/record.ts'
import { instanceAddress } from '../../render/haproxy-cfg.ts'
import type { NodeStatus, Problem, Status } from '../status.ts'
import type { Observation } from './observation.ts'
import { findProblems } from './problems.ts'

/** What an observation means. Pure. */
export function judge(seen: Observation): Status {
  const { topology } = seen
  const { gateway, frontDoor } = topology
  const reigning = findPrimary(seen.agents)
  const shownHost = frontDoor.host === '0.0.0.0' ? 'localhost' : frontDoor.host
  const status = {
    name: topology.name,
    target: 'local' as const,
    primary: reigning === null ? null : (topology.nodes[reigning.node]?.name ?? null),
    epoch: reigning?.reign?.number ?? 0,
    nodes: topology.nodes.map((node) => nodeStatus(seen, node.index, reigning)),
    gateways: [
      {
        name: gateway.name,
        address: `${gateway.host}:${String(gateway.port)}`,
        up: seen.gateway !== null,
        sessions: seen.gateway?.sessions ?? 0,
        parked: seen.gateway?.parked ?? 0,
      },
    ],
    instances: seen.instances.map(({ index, health }) => {
      const { host, port } = instanceAddress(topology, index)
      return {
        name: `app-${String(index)}`,
        address: `${host}:${String(port)}`,
        up: typeof health === 'number',
        healthy: health === 200,
      }
    }),
    frontDoor: {
      url: `http://${shownHost}:${String(frontDoor.port)}`,
      up: typeof seen.frontDoor === 'number',
    },
  }
  const problems = seen.isRunning ? findProblems(seen, status.nodes, reigning) : []
  return { ...status, state: stateOf(seen, reigning, problems), problems }
}

/** The node whose gate passed; of several that think so the one of the highest epoch. */
export function findPrimary(agents: Observation['agents']): AgentState | null {
  const reigning = agents.flatMap((agent) => (agent?.reign == null ? [] : [{ agent, reign: agent.reign }]))
  return reigning.toSorted((a, b) => compareEpochs(b.reign, a.reign))[0]?.agent ?? null
}

function nodeStatus(seen: Observation, index: number, primary: AgentState | null): NodeStatus {
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
    inSync: isPrimary || primary?.redis.record?.members.includes(index) === true,
    offset,
    lagBytes: primary === null || agent?.redis.up !== true ? 0 : Math.max(0, primary.redis.offset - offset),
    sentinel: { up: agent?.sentinel.up ?? false, primarySeen: agent?.sentinel.primarySeen ?? null },
  }
}

function stateOf(
  seen: Observation,
  primary: AgentState | null,
  problems: readonly Problem[],
): Status['state'] {
  const isAnswered = primary !== null && seen.gateway !== null && seen.frontDoor === 200
  if (!isAnswered) return 'down'
  return problems.length === 0 ? 'healthy' : 'degraded'
}
