import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { soundRun } from '../../../test/harness/simulated-counter.ts'
import type { SimulatedRun } from '../../../test/harness/simulated-counter.ts'
import { checkCounter } from './counts.ts'
import type { CountAnomaly } from './counts.ts'
import type { Counted, CountedHistory } from './counted.ts'

const call = (
  startMs: number,
  endMs: number,
  count: number | 'unknown' | 'refused',
  caller = 0,
): Counted => ({
  id: 'id',
  caller,
  dueMs: startMs,
  startMs,
  endMs,
  outcome: typeof count === 'number' ? { kind: 'ok', answer: count } : { kind: count, why: 'test' },
})

const kindsOf = (history: CountedHistory, final: number, initial = 0) =>
  checkCounter({
    history,
    final: new Map([['id', final]]),
    initial: new Map([['id', initial]]),
  }).anomalies.map(({ kind }) => kind)

const okOf = (run: SimulatedRun) => run.history.filter(({ outcome }) => outcome.kind === 'ok')
const countOf = ({ outcome }: Counted) => (outcome.kind === 'ok' ? outcome.answer : NaN)
const withCount = (run: SimulatedRun, victim: Counted, count: number): SimulatedRun => ({
  ...run,
  history: run.history.map((one) =>
    one === victim ? { ...one, outcome: { kind: 'ok', answer: count } } : one,
  ),
})

describe('a sound history', () => {
  it('is never accused', () => {
    fc.assert(
      fc.property(soundRun, (run) => {
        const verdict = checkCounter(run)
        assert.deepEqual(verdict.anomalies, [])
        assert.equal(verdict.result, 'sound')
      }),
      { numRuns: 3000 },
    )
  })
})

/** Alters a sound run in one place; undefined where that run has no such place. */
type Plant = (run: SimulatedRun, pick: number) => SimulatedRun | undefined

const pickOf = <T>(all: readonly T[], pick: number): T | undefined => all[pick % Math.max(all.length, 1)]

const pairs = (run: SimulatedRun) =>
  okOf(run).flatMap((first) =>
    okOf(run).flatMap((second) =>
      first !== second && first.id === second.id && first.endMs < second.startMs ? [{ first, second }] : [],
    ),
  )

const withFinal = (
  run: SimulatedRun,
  pick: number,
  change: (operations: CountedHistory, initial: number) => number,
) => {
  const id = pickOf(okOf(run), pick)?.id
  if (id === undefined) return undefined
  const operations = run.history.filter((operation) => operation.id === id)
  return { ...run, final: new Map(run.final).set(id, change(operations, run.initial.get(id) ?? 0)) }
}

const number = (operations: CountedHistory, ...kinds: string[]) =>
  operations.filter(({ outcome }) => kinds.includes(outcome.kind)).length

const plants: Readonly<Record<CountAnomaly['kind'], Plant>> = {
  lost: (run, pick) => withFinal(run, pick, (all, initial) => initial + number(all, 'ok') - 1 - (pick % 3)),
  extra: (run, pick) =>
    withFinal(run, pick, (all, initial) => initial + number(all, 'ok', 'unknown') + 1 + (pick % 3)),
  twice: (run, pick) => {
    const first = pickOf(okOf(run), pick)
    const second = okOf(run).find((other) => other !== first && other.id === first?.id)
    return first && second && withCount(run, second, countOf(first))
  },
  back: (run, pick) => {
    const pair = pickOf(
      pairs(run).filter(({ first }) => countOf(first) > Math.max(run.initial.get(first.id) ?? 0, 1) + 1),
      pick,
    )
    return pair && withCount(run, pair.second, countOf(pair.first) - (pick % 2))
  },
  reset: (run, pick) => {
    const pair = pickOf(pairs(run), pick)
    return pair && withCount(run, pair.second, 1)
  },
  wrong: (run, pick) => {
    const victim = pickOf(okOf(run), pick)
    return victim && withCount(run, victim, countOf(victim) + run.history.length + 1)
  },
}

describe('a planted anomaly is found', () => {
  for (const [kind, plant] of Object.entries(plants))
    it(kind, () => {
      let planted = 0
      fc.assert(
        fc.property(soundRun, fc.nat(10_000), (run, pick) => {
          const altered = plant(run, pick)
          if (!altered) return
          planted += 1
          const verdict = checkCounter(altered)
          assert.equal(verdict.result, 'violated')
          assert.ok(
            verdict.anomalies.some((anomaly) => anomaly.kind === kind),
            JSON.stringify(verdict.anomalies),
          )
        }),
        { numRuns: 1000 },
      )
      assert.ok(planted > 500, `only ${planted} of 1000 runs had a place for it`)
    })
})

describe('single cases', () => {
  it('predicts an own id exactly, and as a range after an unknown call', () => {
    assert.deepEqual(kindsOf([call(0, 1, 1), call(2, 3, 3)], 3), ['extra', 'wrong'])
    assert.deepEqual(kindsOf([call(0, 1, 1), call(2, 3, 'unknown'), call(4, 5, 3)], 3), [])
    assert.deepEqual(kindsOf([call(0, 1, 1), call(2, 3, 'unknown'), call(4, 5, 2), call(6, 7, 4)], 4), [])
    assert.deepEqual(kindsOf([call(0, 1, 1), call(2, 3, 'refused'), call(4, 5, 3)], 2), ['lost', 'wrong'])
  })

  it('reports a reset once, not for every call after it', () => {
    const counts = [1, 2, 3, 4, 5, 1, 2, 3]
    const kinds = kindsOf(
      counts.map((count, index) => call(index * 2, index * 2 + 1, count)),
      3,
    )
    assert.deepEqual(
      kinds.filter((kind) => kind !== 'twice'),
      ['lost', 'reset'],
    )
  })

  it('takes calls beside each other in any order', () => {
    assert.deepEqual(kindsOf([call(0, 10, 2, 0), call(1, 9, 1, 1)], 2), [])
    assert.deepEqual(kindsOf([call(0, 10, 2, 0), call(1, 9, 2, 1)], 2), ['twice'])
  })

  it('counts from what was there before', () => {
    assert.deepEqual(kindsOf([call(0, 1, 42)], 42, 41), [])
    assert.deepEqual(kindsOf([call(0, 1, 1)], 1, 41), ['lost', 'wrong'])
  })

  it('proves nothing for an id whose final count is missing', () => {
    const verdict = checkCounter({ history: [call(0, 1, 1)], final: new Map() })
    assert.deepEqual([verdict.result, verdict.unread], ['unproved', ['id']])
  })
})
