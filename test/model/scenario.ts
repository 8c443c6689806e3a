/** A fixed list of moves, for what random walks meet too rarely. */
import type { Random } from './random.ts'
import type { Rules } from './rules.ts'
import { createWorld, Violation, type World } from './world.ts'

/**
 * One move with its choices made: whom it picks, one wanted index after the other, and what its coins say.
 * A pick that finds no wanted one picks nobody: then the move does nothing.
 */
export type Move = readonly [
  run: (world: World, random: Random) => boolean,
  wanted: readonly number[],
  coins?: boolean,
]

/** @returns the violation, or null; `done` says which moves did anything */
export function play(
  moves: readonly Move[],
  rules: Rules,
): { readonly violation: string | null; readonly done: readonly boolean[]; readonly world: World } {
  const world = createWorld(3, rules, false, 0)
  const done: boolean[] = []
  try {
    for (const [run, wanted, coins] of moves) done.push(run(world, choices(wanted, coins ?? true)))
    return { violation: null, done, world }
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { violation: error.message, done, world }
  }
}

function choices(wanted: readonly number[], coins: boolean): Random {
  const left = [...wanted]
  const find = (items: readonly unknown[]): number => {
    const index = left.shift()
    return items.findIndex((item) => index === undefined || indexOf(item) === index)
  }
  return {
    below: (limit) => limit - 1,
    chance: () => coins,
    pick: (items) => items[find(items)],
    take: (items) => {
      const at = find(items)
      return at < 0 ? undefined : items.splice(at, 1)[0]
    },
  }
}

/** A node's own; of a gate its candidate, of a reign its primary, of a request the node it is for. */
function indexOf(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item
  if ('index' in item) return item.index
  if ('candidate' in item) return item.candidate
  if ('node' in item) return item.node
  return 'epoch' in item ? (item.epoch as { node: number }).node : undefined
}
