import type { AgentState } from '../agent/api.ts'
import type { NodesSeen } from './nodes.ts'
import type { NodeStatus, Problem } from './status.ts'

/** What is wrong with the Redis nodes, as far as their agents know. Pure. */
export function nodeProblems(
  seen: NodesSeen,
  nodes: readonly NodeStatus[],
  primary: AgentState | null,
): Problem[] {
  return [
    ...nodes.flatMap((node, index) => problemsOf(seen, node, index, primary)),
    ...primaryProblems(seen, primary),
  ]
}

function problemsOf(seen: NodesSeen, node: NodeStatus, index: number, primary: AgentState | null): Problem[] {
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

function disagrees({ topology }: NodesSeen, { sentinel }: NodeStatus, primary: AgentState): boolean {
  const node = topology.nodes[primary.node]
  const names =
    node === undefined ? [] : [node.name, node.address, `${node.address}:${String(node.redisPort)}`]
  return !names.includes(sentinel.primarySeen ?? '')
}

function primaryProblems({ agents, topology }: NodesSeen, primary: AgentState | null): Problem[] {
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
