import {
  beat,
  concludeOne,
  createTown,
  deliverFollow,
  fenceOne,
  look,
  mindAt,
  unsettled,
  type Town,
} from './agents.ts'
import { promote } from './gate-moves.ts'
import {
  crash,
  emptyVolume,
  hang,
  loadAlone,
  noticeLoss,
  replicate,
  restart,
  settle,
  wake,
} from './node-moves.ts'
import { randomFrom, type Random } from './random.ts'
import { realRules } from './rules.ts'
import { beginRound, endRound, proposeJoin, swap, write } from './traffic-moves.ts'
import { createWorld, nodeAt, recordOf, Violation, type World } from './world.ts'

export interface TownPlan {
  readonly nodes: 3 | 5
  /** Whether the deployment runs when the walk begins, or is new. */
  readonly founded: boolean
  readonly steps: readonly number[]
}

type Move = (town: Town, random: Random) => void
const inWorld =
  (move: (world: World, random: Random) => boolean): Move =>
  ({ world }, random) => {
    move(world, random)
  }

const anyone = ({ world }: Town, random: Random): number => random.below(world.nodes.length)

const moves: readonly (readonly [weight: number, move: Move])[] = [
  [10, inWorld(write)],
  [14, inWorld(beginRound)],
  [18, inWorld(endRound)],
  [60, inWorld(replicate)],
  [6, inWorld(noticeLoss)],
  [8, inWorld(swap)],
  [4, inWorld(proposeJoin)],
  [8, inWorld(settle)],
  [
    4,
    (town) => {
      loadAlone(town.world)
    },
  ],
  [
    1,
    (town, random) => {
      if (!town.world.nodes.some((node) => node.blank)) promote(town.world, random)
    },
  ],
  [1, inWorld(hang)],
  [6, inWorld(wake)],
  [2, inWorld(crash)],
  [6, (town, random) => void restart(town.world, random)],
  [2, loseVolume],
  [40, (town, random) => void beat(town, anyone(town, random), random)],
  [
    25,
    (town, random) => {
      look(town, anyone(town, random), () => random.chance(0.85))
    },
  ],
  [25, fenceOne],
  [10, concludeOne],
  [
    12,
    (town, random) => {
      if (random.chance(0.8)) deliverFollow(town, random)
      else random.take(town.world.followRequests)
    },
  ],
  [
    20,
    (town) => {
      town.nowMs += 200
    },
  ],
]
const total = moves.reduce((sum, [weight]) => sum + weight, 0)

/** No more than f nodes without their data at once: beyond that a deployment waits, and says so. */
function loseVolume(town: Town, random: Random): void {
  const { world } = town
  if (
    world.nodes.filter((node) => node.intact && recordOf(node) !== null).length <=
    (world.nodes.length + 1) / 2
  )
    return
  const before = world.nodes.filter((node) => node.blank)
  emptyVolume(world, random)
  for (const node of world.nodes)
    if (node.blank && !before.includes(node))
      Object.assign(mindAt(town, node.index), { virgin: true, founding: false })
}

/** @returns what went wrong, with the way there, or null */
export function townTrouble(plan: TownPlan): { message: string; trace: readonly string[] } | null {
  const world = createWorld(plan.nodes, realRules, false, 1)
  const town = createTown(world, plan.founded)
  try {
    for (const step of plan.steps) {
      const random = randomFrom(step)
      let ticket = random.below(total)
      moves.find(([weight]) => (ticket -= weight) < 0)?.[1](town, random)
      forgetReigns(town)
    }
    return calmDown(town)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { message: error.message, trace: world.trace }
  }
}

/** An agent that finds its redis-server dead knows that its reign is over. */
function forgetReigns({ world, minds }: Town): void {
  for (const [index, mind] of minds.entries()) {
    const { up, run } = nodeAt(world, index)
    if (!up || mind.reign?.runId !== run) mind.reign = null
  }
}

const ticks = 150

/** The adversary is gone, everybody is up and hears everybody; Sentinel does nothing at all. */
function calmDown(town: Town): ReturnType<typeof townTrouble> {
  const { world } = town
  const random = randomFrom(world.trace.length)
  for (const node of world.nodes) Object.assign(node, { up: true, hung: false })
  world.trace.push('all are up, and nothing bad happens any more')
  const intact = world.nodes.filter((node) => node.intact && recordOf(node) !== null).length
  const isBegun = world.nodes.some((node) => recordOf(node) !== null)
  const isFounding = town.minds.some((mind) => mind.founding) || !isBegun
  const fresh = isFounding && !world.trace.some((line) => line.includes('loses its volume'))
  let doing: readonly (string | null)[] = []
  for (let tick = 0; tick < ticks; tick += 1) {
    town.nowMs += 200
    doing = world.nodes.map(({ index }) => {
      look(town, index, () => true)
      return beat(town, index, random)
    })
    for (let i = 0; i < 40 && world.gates.length > 0; i += 1) {
      if (random.chance(0.8)) fenceOne(town, random)
      else concludeOne(town, random)
    }
    while (world.followRequests.length > 0) deliverFollow(town, random)
    for (let i = 0; i < 20; i += 1) replicate(world, random)
    loadAlone(world)
    for (let i = 0; i < 4; i += 1) settle(world, random)
    forgetReigns(town)
    if (unsettled(town) === null) return null
  }
  if (!fresh && intact < (world.nodes.length + 1) / 2) return null
  // The newest record is held by no member of its own, and its primary's volume is lost: reported, and known.
  if (doing.some((each) => each?.includes('for a node that has everything'))) return null
  const said = doing.filter((each) => each !== null)
  return {
    message: `after ${String(ticks)} beats: ${unsettled(town) ?? ''}`,
    trace: [...world.trace.slice(0, 25), '…', ...world.trace.slice(-8), ...said],
  }
}
