import {
  crash,
  emptyVolume,
  hang,
  noise,
  noticeLoss,
  replicate,
  restart,
  settle,
  wake,
  watchRecord,
} from './node-moves.ts'
import { concludeGate, fence, follow, learnPromises, openGate, promote, seekFollow } from './gate-moves.ts'
import { beginRound, endRound, erase, proposeJoin, swap, write } from './traffic-moves.ts'
import { beginStage, finishStage, replaceSpare, stagesOfChange, takeUpStage } from './stage-moves.ts'
import { randomFrom, type Random } from './random.ts'
import type { Rules } from './rules.ts'
import { createWorld, Violation, type World } from './world.ts'

/** What may happen, and how often. */
const always = {
  write: { weight: 25, run: write },
  beginRound: { weight: 40, run: beginRound },
  endRound: { weight: 50, run: endRound },
  replicate: { weight: 160, run: replicate },
  noticeLoss: { weight: 12, run: noticeLoss },
  swap: { weight: 20, run: swap },
  settle: { weight: 16, run: settle },
  promote: { weight: 16, run: promote },
  openGate: { weight: 12, run: openGate },
  fence: { weight: 30, run: fence },
  concludeGate: { weight: 24, run: concludeGate },
  seekFollow: { weight: 14, run: seekFollow },
  follow: { weight: 24, run: follow },
  watchRecord: { weight: 20, run: watchRecord },
  wake: { weight: 20, run: wake },
  restart: { weight: 16, run: restart },
  learnPromises: { weight: 12, run: learnPromises },
}

/** A walk may leave these out altogether, so that each kind of trouble is also met alone. */
const trouble = {
  proposeJoin: { weight: 10, run: proposeJoin },
  hang: { weight: 4, run: hang },
  crash: { weight: 4, run: crash },
  emptyVolume: { weight: 4, run: emptyVolume },
  erase: { weight: 2, run: erase },
  noise: { weight: 2, run: noise },
}

/** Only where the number of nodes changes. */
const change = {
  beginStage: { weight: 12, run: beginStage },
  takeUpStage: { weight: 30, run: takeUpStage },
  finishStage: { weight: 30, run: finishStage },
  replaceSpare: { weight: 6, run: replaceSpare },
}

export type MoveName = keyof typeof always | keyof typeof trouble | keyof typeof change

export interface Plan {
  readonly nodes: 3 | 5
  /** Bits that leave out a kind of trouble. */
  readonly without: number
  readonly heat: number
  readonly steps: readonly number[]
  readonly tailLoss?: boolean
  /** The five nodes are three at first, and their number changes back and forth. */
  readonly changing?: boolean
  /** Makes some moves so many times likelier. */
  readonly focus?: Partial<Record<MoveName, number>>
}

/** @returns what was violated and the way there, or null */
export function violationOf(plan: Plan, rules: Rules): { message: string; trace: readonly string[] } | null {
  const stages = plan.changing === true ? (rules.stages ?? stagesOfChange) : undefined
  const world = createWorld(plan.nodes, rules, plan.tailLoss ?? false, plan.heat, stages)
  try {
    walk(world, plan)
    return null
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { message: error.message, trace: world.trace }
  }
}

export function walk(world: World, plan: Plan): void {
  const moves = chosenMoves(plan)
  const total = moves.reduce((sum, { weight }) => sum + weight, 0)
  for (const step of plan.steps) {
    const random = randomFrom(step)
    let ticket = random.below(total)
    const move = moves.find(({ weight }) => (ticket -= weight) < 0)
    move?.run(world, random)
  }
}

interface Move {
  readonly weight: number
  readonly run: (world: World, random: Random) => boolean
}

function chosenMoves({ heat, without, focus, changing }: Plan): readonly Move[] {
  const factors: Readonly<Record<string, number>> = focus ?? {}
  const chosen = Object.entries<Move>(trouble)
    .filter(([name], bit) => name in factors || ((without >> bit) & 1) === 0)
    .map(([name, { weight, run }]): [string, Move] => [name, { weight: weight * (1 + heat), run }])
  const changes = changing === true ? Object.entries<Move>(change) : []
  return [...Object.entries<Move>(always), ...changes, ...chosen].map(([name, { weight, run }]) => ({
    weight: weight * (factors[name] ?? 1),
    run,
  }))
}
