import type { AgentState } from '../../agent/api.ts'
import type { NodeStatus, Problem } from '../status.ts'
import type { Observation } from './observation.ts'

/** What is wrong, each with what to type. Pure. */
export function findProblems(
  seen: Observation,
  nodes: readonly NodeStatus[],
  primary: AgentState | null,
): Problem[] {
  return [
    ...nodes.flatMap((node, index) => nodeProblems(seen, node, index, primary)),
    ...primaryProblems(seen, primary),
    ...gatewayProblems(seen),
    ...instanceProblems(seen),
    ...frontDoorProblems(seen),
    ...supervisorProblems(seen),
  ]
}

function nodeProblems(
  seen: Observation,
  node: NodeStatus,
  index: number,
  primary: AgentState | null,
): Problem[] {
  const agent = seen.agents[index] ?? null
  if (agent === null) {
    const message = `agent-${String(index)} does not answer: nothing is known of ${node.name}`
    return [{ code: 'AGENT_DOWN', message, hint: `./holdfast logs agent-${String(index)}` }]
  }
  const problems: Problem[] = agent.problems.map(({ code, message, hint }) => ({ code, message, hint }))
  if (!node.up) {
    const state = agent.redis.loading ? 'is loading its data' : `is down; its agent: ${agent.doing}`
    if (problems.length === 0)
      problems.push({
        code: 'NODE_DOWN',
        message: `${node.name} ${state}`,
        hint: `./holdfast logs ${node.name}`,
      })
  } else if (!node.inSync && primary !== null) {
    const state = agent.redis.syncing ? 'is being filled from the primary' : agent.doing
    const message = `${node.name} is not in the in-sync set: ${state}`
    problems.push({
      code: 'NOT_IN_SYNC',
      message,
      hint: `It joins by itself; if it does not: ./holdfast logs agent-${String(index)}`,
    })
  }
  if (!node.sentinel.up) {
    const name = `sentinel-${String(index)}`
    problems.push({ code: 'SENTINEL_DOWN', message: `${name} is down`, hint: `./holdfast logs ${name}` })
  } else if (primary !== null && disagrees(seen, node, primary)) {
    problems.push({
      code: 'SENTINEL_DISAGREES',
      message: `sentinel-${String(index)} takes ${node.sentinel.primarySeen ?? 'nobody'} for the primary, which is redis-${String(primary.node)}`,
      hint: `It is told by the others; if it is not: ./holdfast restart sentinel-${String(index)}`,
    })
  }
  return problems
}

function disagrees({ topology }: Observation, { sentinel }: NodeStatus, primary: AgentState): boolean {
  const node = topology.nodes[primary.node]
  const names =
    node === undefined ? [] : [node.name, node.address, `${node.address}:${String(node.redisPort)}`]
  return !names.includes(sentinel.primarySeen ?? '')
}

function primaryProblems({ agents, topology }: Observation, primary: AgentState | null): Problem[] {
  if (primary !== null) return []
  const doing = agents.flatMap((agent, index) =>
    agent === null ? [] : [`redis-${String(index)}: ${agent.doing}`],
  )
  const needed = `${String(topology.f + 1)} of ${String(topology.nodes.length)} nodes are needed`
  return [
    {
      code: 'NO_PRIMARY',
      message: `there is no primary (${needed}). ${doing.join('; ')}`,
      hint: './holdfast logs',
    },
  ]
}

function gatewayProblems({ gateway, topology }: Observation): Problem[] {
  if (gateway !== null) return []
  const { adminHost, adminPort } = topology.gateway
  const message = `the gateway does not answer on ${adminHost}:${String(adminPort)}`
  return [{ code: 'GATEWAY_DOWN', message, hint: './holdfast logs gateway' }]
}

function instanceProblems({ instances, topology }: Observation): Problem[] {
  return instances
    .filter(({ health }) => health !== 200)
    .map(({ index, health, failures, lastLines }) => {
      const name = `app-${String(index)}`
      const tail = lastLines.map((line) => `\n    ${line}`).join('')
      const hint = `./holdfast logs ${name}`
      if (failures >= 3) {
        const message = `${name} ended ${String(failures)} times in a row. Its last lines:${tail}`
        return { code: 'INSTANCE_CRASHING', message, hint }
      }
      return {
        code: 'INSTANCE_UNHEALTHY',
        message: `${name}: GET ${topology.app.healthPath} gives ${String(health)}`,
        hint,
      }
    })
}

function frontDoorProblems({ frontDoor, topology }: Observation): Problem[] {
  if (typeof frontDoor === 'number') return []
  const { host, port } = topology.frontDoor
  const message = `the front door does not answer on ${host}:${String(port)}: ${frontDoor}`
  return [{ code: 'FRONT_DOOR_DOWN', message, hint: './holdfast logs front-door' }]
}

function supervisorProblems({ supervisor }: Observation): Problem[] {
  if (supervisor !== null) return []
  return [
    {
      code: 'SUPERVISOR_DOWN',
      message: 'the supervisor does not run: nothing that dies is started again',
      hint: './holdfast up',
    },
  ]
}
