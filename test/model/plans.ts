import fc from 'fast-check'
import type { Rules } from './rules.ts'
import { randomFrom } from './random.ts'
import { violationOf, type Plan } from './walk.ts'

export type Setting = Pick<Plan, 'nodes' | 'tailLoss' | 'focus' | 'changing'>

/** Walks that shrink by leaving out steps. */
export function plans(setting: Setting): fc.Arbitrary<Plan> {
  const step = fc.noShrink(fc.nat(2 ** 32 - 1))
  return fc
    .tuple(fc.nat(255), fc.nat(3), fc.array(step, { maxLength: 1000, size: 'max' }))
    .map(([without, heat, steps]) => ({ ...setting, without, heat, steps }))
}

export function planOf(seed: number, setting: Setting): Plan {
  const random = randomFrom(seed)
  const steps = Array.from({ length: 1000 }, () => random.below(2 ** 32))
  return { ...setting, without: random.below(256), heat: random.below(4), steps }
}

/** @returns the number of the first walk that violates a promise, or null when none of `runs` does */
export function runsUntilViolation(rules: Rules, runs: number, setting: Setting): number | null {
  for (let run = 1; run <= runs; run += 1) {
    if (violationOf(planOf(run, setting), rules) !== null) return run
  }
  return null
}
