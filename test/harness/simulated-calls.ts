import fc from 'fast-check'
import type { Call, Operation, Outcome } from '../../src/verify/operation.ts'

/** When a simulated call was made, what its caller was told, and when it took effect. */
export interface SimulatedCall {
  readonly caller: number
  /** How many calls its caller made before. */
  readonly turn: number
  readonly startMs: number
  readonly endMs: number
  readonly kind: Outcome['kind']
  /** Undefined: never. An unknown call may do so long after its caller gave up. */
  readonly effectMs: number | undefined
  /** To choose by what it does. */
  readonly dice: readonly [number, number]
}

/** Callers that each make one call at a time; whole milliseconds, so that ties happen. */
const caller = (index: number, certain: boolean) =>
  fc
    .array(
      fc.record({
        pauseMs: fc.nat(3),
        durationMs: fc.nat(20),
        effect: fc.double({ min: 0, max: 1, noNaN: true }),
        kind: fc.oneof(
          { weight: 6, arbitrary: fc.constant('ok' as const) },
          { weight: certain ? 0 : 1, arbitrary: fc.constant('unknown' as const) },
          { weight: 1, arbitrary: fc.constant('refused' as const) },
        ),
        late: fc.constantFrom('never', 'within', 'after'),
        delayMs: fc.nat(100),
        dice: fc.tuple(fc.nat(999), fc.nat(999)),
      }),
      { maxLength: 25 },
    )
    .map((steps) => {
      let now = 0
      return steps.map(({ pauseMs, durationMs, effect, kind, late, delayMs, dice }, turn): SimulatedCall => {
        const startMs = now + pauseMs
        const endMs = startMs + durationMs
        now = endMs
        const within = startMs + effect * durationMs
        const unknown = { never: undefined, within, after: endMs + delayMs }[late]
        const effectMs = { ok: within, unknown, refused: undefined }[kind]
        return { caller: index, turn, startMs, endMs, kind, effectMs, dice }
      })
    })

/** Four callers beside each other. @param certain no outcome is unknown */
export const simulatedCalls = (certain = false): fc.Arbitrary<readonly SimulatedCall[]> =>
  fc.tuple(...[0, 1, 2, 3].map((index) => caller(index, certain))).map((all) => all.flat())

/** What a sound system made of some calls. */
export interface SimulatedOperations<State> {
  readonly operations: readonly Operation[]
  /** Some time after the last call had ended: what is later than that is not in it. */
  readonly final: State
}

/** A system of one place in which each call takes effect at one instant. */
export function simulate<State>(
  calls: readonly SimulatedCall[],
  system: {
    readonly state: State
    readonly callOf: (call: SimulatedCall) => Call
    /** Changes the state. @returns the answer */
    readonly apply: (state: State, call: Call) => unknown
  },
): SimulatedOperations<State> {
  const { state, callOf, apply } = system
  const endMs = calls.reduce((last, call) => Math.max(last, call.endMs), 0) + 30
  const answers = new Map<SimulatedCall, unknown>()
  for (const call of calls.toSorted((a, b) => (a.effectMs ?? 0) - (b.effectMs ?? 0)))
    if (call.effectMs !== undefined && call.effectMs <= endMs) answers.set(call, apply(state, callOf(call)))
  const operations = calls
    .toSorted((a, b) => a.endMs - b.endMs)
    .map((call): Operation => {
      const { caller, startMs, endMs, kind } = call
      const outcome: Outcome =
        kind === 'ok' ? { kind, answer: answers.get(call) } : { kind, why: 'simulated' }
      const common = { workload: 'simulated', at: 'nowhere', caller, dueMs: startMs, startMs, endMs }
      return { ...common, call: callOf(call), outcome }
    })
  return { operations, final: state }
}
