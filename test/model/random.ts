import { randomFrom as fullRandomFrom, type Random as FullRandom } from '../../src/verify/random.ts'

/** Choices of one step, all from one number, so that leaving out a step does not change the others. */
export type Random = Omit<FullRandom, 'next'>

export function randomFrom(seed: number): Random {
  return fullRandomFrom(seed)
}
