import fc from 'fast-check'
import { simulatedCalls, type SimulatedCall } from './simulated-calls.ts'
import type { Counted, CountedHistory } from '../../src/verify/checkers/counted.ts'

/** A history that a correct atomic counter gave, with the counts it then had. */
export interface SimulatedRun {
  readonly history: CountedHistory
  readonly initial: ReadonlyMap<string, number>
  readonly final: ReadonlyMap<string, number>
}

interface Call extends SimulatedCall {
  readonly id: string
}

const SHARED = ['shared-0', 'shared-1']

/** To their own id and to shared ones. */
const withId = (call: SimulatedCall): Call => ({
  ...call,
  id: call.dice[0] % 2 === 0 ? `own-${call.caller}` : (SHARED[call.dice[1] % 2] ?? ''),
})

/** Sound histories: several callers beside each other, unknown calls applied at once, late or never. */
export const soundRun: fc.Arbitrary<SimulatedRun> = fc
  .record({
    calls: simulatedCalls(),
    begins: fc.dictionary(fc.constantFrom(...SHARED, 'own-0', 'own-1'), fc.nat(50)),
  })
  .map(({ calls, begins }) => count(calls.map(withId), new Map(Object.entries(begins))))

function count(calls: readonly Call[], initial: ReadonlyMap<string, number>): SimulatedRun {
  const final = new Map(calls.map(({ id }) => [id, initial.get(id) ?? 0]))
  const counts = new Map<Call, number>()
  for (const call of calls.toSorted((a, b) => (a.effectMs ?? 0) - (b.effectMs ?? 0))) {
    if (call.effectMs === undefined) continue
    const next = (final.get(call.id) ?? 0) + 1
    final.set(call.id, next)
    counts.set(call, next)
  }
  const history = calls
    .toSorted((a, b) => a.endMs - b.endMs)
    .map((call): Counted => {
      const { id, caller, startMs, endMs, kind } = call
      const outcome = kind === 'ok' ? { kind, answer: counts.get(call) ?? NaN } : { kind, why: 'simulated' }
      return { id, caller, dueMs: startMs, startMs, endMs, outcome }
    })
  return { history, initial, final }
}
