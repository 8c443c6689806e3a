import type { AgentState } from '../../agent/api.ts'
import { instanceAddress } from '../../render/haproxy-cfg.ts'
import { findPrimary, nodeStatuses } from '../nodes.ts'
import type { Problem, Status } from '../status.ts'
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
    nodes: nodeStatuses(seen),
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

function stateOf(
  seen: Observation,
  primary: AgentState | null,
  problems: readonly Problem[],
): Status['state'] {
  const isAnswered = primary !== null && seen.gateway !== null && seen.frontDoor === 200
  if (!isAnswered) return 'down'
  return problems.length === 0 ? 'healthy' : 'degraded'
}
