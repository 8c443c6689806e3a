/** What happens while the number of nodes changes: agents and gateways take up the next stage one after the other. */
import type { Majorities } from '../../src/insync/majorities.ts'
import type { Random } from './random.ts'
import { isVoter, type World } from './world.ts'

const three = [0, 1, 2]
const five = [0, 1, 2, 3, 4]
/** From three nodes to five and back: in between a majority of each is needed. */
export const stagesOfChange: readonly Majorities[] = [[three], [three, five], [five]]

/** Whoever carries out the change: everybody has taken up the present stage, so the next one may begin. */
export function beginStage(world: World, random: Random): boolean {
  const [present, other] = world.live
  if (present === undefined || other !== undefined) return false
  const next = random.pick([present - 1, present + 1].filter((stage) => stage in world.stages))
  if (next === undefined) return false
  // What was answered in the stage before is on a majority of both only once something later was confirmed by both.
  if (world.rules.duties.stageIsConfirmed && !world.stageConfirmed) return false
  world.live = [present, next]
  world.stageConfirmed = false
  world.trace.push(`stage ${String(next)} begins`)
  return true
}

/** An agent is started anew with the next stage. A gate that it was about ends with it. */
export function takeUpStage(world: World, random: Random): boolean {
  const next = world.live.at(-1) ?? 0
  const node = random.pick(world.nodes.filter((each) => each.stage !== next))
  if (node === undefined) return false
  node.stage = next
  for (const gate of [...world.gates])
    if (gate.candidate === node.index) world.gates.splice(world.gates.indexOf(gate), 1)
  world.trace.push(`${String(node.index)} takes up stage ${String(next)}`)
  return true
}

/** All agents have it, and all gateways were told: nobody goes by the former one any more. */
export function finishStage(world: World): boolean {
  const [, next] = world.live
  if (next === undefined || world.nodes.some((node) => node.stage !== next)) return false
  world.live = [next]
  world.stageConfirmed = false
  world.stageRounds = new Set(world.rounds)
  world.trace.push(`all have taken up stage ${String(next)}`)
  return true
}

/** Nodes that count for nothing are removed with their data, and come back as new ones. */
export function replaceSpare(world: World, random: Random): boolean {
  const [present, other] = world.live
  if (present === undefined || other !== undefined || !world.stageConfirmed) return false
  const newest = world.reigns.at(-1)?.epoch.node
  const node = random.pick(
    world.nodes.filter(
      ({ index }) =>
        index !== newest &&
        world.nodes.every(({ head }) => !head.record?.members.includes(index)) &&
        !isVoter(world, index),
    ),
  )
  if (node === undefined) return false
  const root = { parent: null, offset: 0, record: null, write: null }
  Object.assign(node, {
    head: root,
    disk: null,
    intact: false,
    emptied: false,
    promise: { number: 0, node: 0 },
    role: 'slave' as const,
    follows: null,
    linked: false,
    memory: null,
    feeds: false,
  })
  for (const each of world.nodes) each.acks.delete(node.index)
  world.trace.push(`${String(node.index)} is removed, and a new one added`)
  return true
}
