import { majorityOf, type Majorities } from '../insync/majorities.ts'
import { majoritiesOf, type NodeTopology, type Topology } from './topology.ts'

/** Which nodes there are, and of what sets of them a majority is needed. */
export type Stage = Pick<Topology, 'nodes' | 'f' | 'quorum' | 'majorities'>

/**
 * The number of nodes changes in stages, each of which agrees with the one before: all nodes are there and only the old ones
 * count; a majority of the old ones and one of the new ones is needed; only the new ones count; those that do not are gone.
 * A stage may begin when all agents and gateways go by the one before and something was confirmed by it (majorities.ts).
 * @param wanted the nodes that there are to be; where both have a node of an index, it is the same
 * @returns null: there is nothing to change any more
 */
export function nextStage(present: Stage, wanted: readonly NodeTopology[]): Stage | null {
  const counting = majoritiesOf(present)
  const goal = majorityOf(wanted.length)
  const [one, other] = counting
  if (other !== undefined) {
    // Half way to one of two: to the one that is wanted, or else to the larger one and on from there.
    const isGoal = counting.some((set) => set.length === wanted.length)
    return stage(present.nodes, isGoal ? goal : [other])
  }
  if (one?.length === wanted.length)
    return present.nodes.length === wanted.length ? null : stage(wanted, goal)
  const nodes = present.nodes.length >= wanted.length ? present.nodes : wanted
  if (nodes.length > present.nodes.length) return stage(nodes, counting)
  return stage(
    nodes,
    [...counting, ...goal].toSorted((a, b) => a.length - b.length),
  )
}

/** What the spec says, but for the nodes, whose number changes afterwards. */
export function withStage(topology: Topology, { nodes, f, quorum, majorities }: Stage): Topology {
  const { majorities: _, ...rest } = topology
  return { ...rest, nodes, f, quorum, ...(majorities === undefined ? {} : { majorities }) }
}

/** What it is to bring a deployment from one stage to the next. */
export function stageInWords(present: Stage, next: Stage): string {
  const sizes = (stage: Stage) => majoritiesOf(stage).map((set) => String(set.length))
  if (next.nodes.length > present.nodes.length)
    return `${String(next.nodes.length - present.nodes.length)} nodes are added, and filled`
  if (next.nodes.length < present.nodes.length)
    return `${String(present.nodes.length - next.nodes.length)} nodes are removed`
  return sizes(next).length > 1
    ? `a majority of ${sizes(next).join(' nodes and one of ')} is needed`
    : `a majority of ${sizes(next).join()} nodes is needed`
}

/** Whether nodes that do not count yet, or not any more, or two sets of them are there. */
export function isChanging(present: Stage): boolean {
  return present.majorities !== undefined
}

function stage(nodes: readonly NodeTopology[], majorities: Majorities): Stage {
  const smallest = Math.min(...majorities.map((set) => set.length))
  const isPlain = majorities.length === 1 && smallest === nodes.length
  const numbers = { nodes, f: (smallest - 1) / 2, quorum: (nodes.length + 1) / 2 }
  return isPlain ? numbers : { ...numbers, majorities }
}
