import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { alwaysFound, neverAccused, pickOf, type Plant } from '../../../test/harness/planted.ts'
import { simulate, simulatedCalls } from '../../../test/harness/simulated-calls.ts'
import { abandonedWhy, type Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { judgeImpatient } from './impatient.ts'
import { judgeCounts } from './judge-counts.ts'
import { verdictOf } from './judged.ts'

interface Run {
  readonly operations: readonly Operation[]
  readonly final: ReadonlyMap<string, number>
}

const runs = simulatedCalls().map((calls): Run => {
  const keys = new Set<string>()
  const { operations, final } = simulate(calls, {
    state: new Map<string, number>(),
    callOf: ({ caller, dice }) => {
      const key = dice[0] % 2 === 0 ? 'shared' : `own-${caller}`
      keys.add(key)
      return { do: 'count', key }
    },
    apply: (counts, call) => {
      if (call.do !== 'count') return null
      const next = (counts.get(call.key) ?? 0) + 1
      counts.set(call.key, next)
      return next
    },
  })
  return { operations, final: new Map([...keys].map((key) => [key, final.get(key) ?? 0])) }
})

const check = ({ operations, final }: Run) => judgeCounts(operations, final)

const ok = ({ operations }: Run) =>
  operations.flatMap((operation) => {
    const { call, outcome } = operation
    return outcome.kind === 'ok' && call.do === 'count'
      ? [{ operation, key: call.key, count: Number(outcome.answer) }]
      : []
  })

const withAnswer = (run: Run, victim: Operation, answer: number): Run => ({
  ...run,
  operations: run.operations.map((one) =>
    one === victim ? { ...one, outcome: { kind: 'ok', answer } } : one,
  ),
})

const withFinal = (run: Run, pick: number, change: (final: number) => number): Run | undefined => {
  const victim = pickOf(ok(run), pick)
  return (
    victim && { ...run, final: new Map(run.final).set(victim.key, change(run.final.get(victim.key) ?? 0)) }
  )
}

const pairs = (run: Run) =>
  ok(run).flatMap((first) =>
    ok(run).flatMap((second) =>
      first.key === second.key && first.operation.endMs < second.operation.startMs ? [{ first, second }] : [],
    ),
  )

const plants: readonly (readonly [Anomaly['kind'], Plant<Run>])[] = [
  ['lost', (run, pick) => withFinal(run, pick, (final) => final - run.operations.length - 1)],
  ['extra', (run, pick) => withFinal(run, pick, (final) => final + run.operations.length + 1)],
  ['wrong', (run, pick) => withFinal(run, pick, () => NaN)],
  [
    'twice',
    (run, pick) => {
      const all = ok(run)
      const first = pickOf(all, pick)
      const second = all.find((each) => each !== first && each.key === first?.key)
      return first && second && withAnswer(run, second.operation, first.count)
    },
  ],
  [
    'back',
    (run, pick) => {
      const pair = pickOf(
        pairs(run).filter(({ first }) => first.count > 2),
        pick,
      )
      return pair && withAnswer(run, pair.second.operation, pair.first.count - (pick % 2))
    },
  ],
  [
    'reset',
    (run, pick) => {
      const pair = pickOf(pairs(run), pick)
      return pair && withAnswer(run, pair.second.operation, 1)
    },
  ],
]

describe('counts', () => {
  it('of a sound system are never accused', () => neverAccused(runs, check))

  for (const [kind, plant] of plants)
    it(`${kind} is found, and said in words`, () => alwaysFound(runs, check, kind, plant))

  const call = (startMs: number, answer: number | string, caller = 0): Operation => ({
    ...{ workload: 'incr', caller, at: '', dueMs: startMs, startMs, endMs: startMs + 10 },
    call: { do: 'count', key: 'a:own-3' },
    outcome: typeof answer === 'number' ? { kind: 'ok', answer } : { kind: 'unknown', why: answer },
  })
  const wordsOf = (operations: readonly Operation[], final: number) =>
    judgeCounts(operations, new Map([['a:own-3', final]])).anomalies.map(({ words }) => words)

  it('are told so that they are understood at three in the morning', () => {
    assert.deepEqual(wordsOf([call(0, 1), call(20, 2), call(40, 3)], 1), [
      'a:own-3 was counted to 3 and holds 1 at the end: 2 acknowledged counts are lost',
    ])
    assert.deepEqual(wordsOf([call(0, 1), call(20, 2), call(40, 3), call(60, 2)], 4), [
      'a:own-3: 2 was answered twice, to caller 0 (0.020 s to 0.030 s) and to caller 0 (0.060 s to 0.070 s)',
      'a:own-3 went back: caller 0 (0.040 s to 0.050 s) was answered 3, and later caller 0 (0.060 s to 0.070 s) was answered 2',
    ])
  })

  it('of an impatient client may be more by what it gave up, and never less', () => {
    const operations = [call(0, 1), call(20, abandonedWhy), call(1020, 3)]
    const judge = (final: number) => judgeImpatient(operations, new Map([['a:own-3', final]]))
    assert.deepEqual(judge(3).anomalies, [])
    assert.deepEqual(judge(3).notes, [
      "tries given up after 1 s: 1; 1 of them counted nonetheless, as the client's own doing",
    ])
    assert.deepEqual(
      [judge(2), judge(4)].map(({ anomalies }) => anomalies.map(({ kind }) => kind)),
      [['lost'], ['extra']],
    )
  })
})

describe('a verdict', () => {
  it('is proved by nothing when nothing was answered, or the end was not read', () => {
    const judged = { anomalies: [], unread: [], notes: [] }
    assert.equal(verdictOf('incr', [], judged).result, 'unproved')
    const operation: Operation = {
      ...{ workload: 'incr', caller: 0, at: '', dueMs: 0, startMs: 0, endMs: 1 },
      call: { do: 'count', key: 'k' },
      outcome: { kind: 'ok', answer: 1 },
    }
    assert.equal(verdictOf('incr', [operation], judged).result, 'sound')
    const unread = verdictOf('incr', [operation], judgeCounts([operation], new Map()))
    assert.deepEqual([unread.result, unread.notes], ['unproved', ['not read at the end: k']])
  })
})
