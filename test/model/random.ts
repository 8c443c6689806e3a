/** Choices of one step, all from one number, so that leaving out a step does not change the others. */
export { randomFrom, type Random } from '../../src/verify/random.ts'
