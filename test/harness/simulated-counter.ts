import fc from 'fast-check'
import type { Counted, CountedHistory } from '../../src/verify/checkers/counted.ts'

/** A history that a correct atomic counter gave, with the counts it then had. */
export interface SimulatedRun {
  readonly history: CountedHistory
  readonly initial: ReadonlyMap<string, number>
  readonly final: ReadonlyMap<string, number>
}

interface Call {
  readonly id: string
  readonly caller: number
  readonly startMs: number
  readonly endMs: number
  readonly kind: Counted['outcome']['kind']
  /** When it took effect; undefined: never. An unknown call may do so long after its caller gave up. */
  readonly effectMs: number | undefined
}

const SHARED = ['shared-0', 'shared-1']

/** Callers that each make one call at a time, to their own id and to shared ones; whole milliseconds, so that ties happen. */
const caller = (index: number) =>
  fc
    .array(
      fc.record({
        shared: fc.option(fc.constantFrom(...SHARED), { freq: 1 }),
        pauseMs: fc.nat(3),
        durationMs: fc.nat(20),
        effect: fc.double({ min: 0, max: 1, noNaN: true }),
        kind: fc.oneof(
          { weight: 6, arbitrary: fc.constant('ok' as const) },
          { weight: 1, arbitrary: fc.constant('unknown' as const) },
          { weight: 1, arbitrary: fc.constant('refused' as const) },
        ),
        late: fc.constantFrom('never', 'within', 'after'),
        delayMs: fc.nat(100),
      }),
      { maxLength: 25 },
    )
    .map((steps) => {
      let now = 0
      return steps.map(({ shared, pauseMs, durationMs, effect, kind, late, delayMs }): Call => {
        const startMs = now + pauseMs
        const endMs = startMs + durationMs
        now = endMs
        const within = startMs + effect * durationMs
        const unknown = { never: undefined, within, after: endMs + delayMs }[late]
        const effectMs = { ok: within, unknown, refused: undefined }[kind]
        return { id: shared ?? `own-${index}`, caller: index, startMs, endMs, kind, effectMs }
      })
    })

/** Sound histories: several callers beside each other, unknown calls applied at once, late or never. */
export const soundRun: fc.Arbitrary<SimulatedRun> = fc
  .record({
    calls: fc.tuple(caller(0), caller(1), caller(2), caller(3)).map((all) => all.flat()),
    begins: fc.dictionary(fc.constantFrom(...SHARED, 'own-0', 'own-1'), fc.nat(50)),
  })
  .map(({ calls, begins }) => count(calls, new Map(Object.entries(begins))))

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
