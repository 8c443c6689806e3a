import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawnResult } from '../../test/harness/verify-result.ts'
import type { Anomaly } from './workloads/workload.ts'
import { countAnomalies, judgeFindings, type Findings } from './verdict.ts'

const sound: Findings = {
  ...drawnResult({ faults: 3 }),
  durationMs: 60_000,
  doubts: [],
}
const none = { lost: 0, twice: 0, back: 0, other: 0, errors: {} }

test('nothing found: proved, and the first sentence says of what', () => {
  const { verdict, words } = judgeFindings(sound)
  assert.equal(verdict, 'proved')
  assert.match(words[0] ?? '', /^Nothing was lost, .* no client saw an error\.$/)
  assert.match(words[1] ?? '', /^3 faults in 1 min: 12,411 calls of 2 workloads were answered/)
})

test('explained errors are said beside the proof, never called none', () => {
  const { verdict, words } = judgeFindings({
    ...sound,
    totals: { ...sound.totals, explained: { 'http-502': 2 } },
  })
  assert.equal(verdict, 'proved')
  assert.doesNotMatch(words[0] ?? '', /no client/)
  assert.match(words.join(' '), /2 errors \(2 http-502\) are explained/)
})

test('each single breach is enough for violated, whatever else is well', () => {
  for (const [found, expected] of [
    [{ lost: 1 }, /^1 acknowledged call lost\.$/],
    [{ twice: 2 }, /^2 counted twice\.$/],
    [{ back: 1 }, /^1 gone back\.$/],
    [{ other: 1 }, /wrong in another way/],
    [{ errors: { timeout: 1 } }, /^1 error that clients saw and no fault explains\.$/],
  ] as const) {
    const { verdict, words } = judgeFindings({ ...sound, totals: { ...sound.totals, ...none, ...found } })
    assert.equal(verdict, 'violated')
    assert.match(words[0] ?? '', expected)
  }
  const crashed = { name: 'nothing crashed', passed: false, violates: true, words: 'gateway: it did' }
  const { verdict, words } = judgeFindings({ ...sound, closing: [crashed] })
  assert.equal(verdict, 'violated')
  assert.match(
    words.join(' '),
    /"nothing crashed" does not hold afterwards\. Afterwards, nothing crashed: gateway: it did/,
  )
})

test('what could not be done, healed or read is not proved, and says why', () => {
  const [fault] = sound.faults
  assert.ok(fault !== undefined)
  const cases: readonly (readonly [Partial<Findings>, RegExp])[] = [
    [{ faults: [{ ...fault, failed: 'no replica' }] }, /did not do what it should: no replica/],
    [{ faults: [{ ...fault, healthyMs: null }] }, /not everything was healthy again in time/],
    [{ doubts: ['It ended early.'] }, /It ended early\./],
    [{ closing: [{ name: 'replicas are in sync', passed: false, words: 'redis-2' }] }, /in sync: redis-2/],
    [{ totals: { ...sound.totals, acknowledged: 0 } }, /No call was answered/],
    [
      {
        workloads: sound.workloads.map((each) => ({
          ...each,
          result: 'unproved' as const,
          notes: ['no end'],
        })),
      },
      /could not be judged: no end/,
    ],
  ]
  for (const [change, expected] of cases) {
    const { verdict, words } = judgeFindings({ ...sound, ...change })
    assert.equal(verdict, 'unproved')
    assert.match(words[0] ?? '', /not proved/)
    assert.match(words.join(' '), expected)
  }
})

test('every anomaly of every kind is counted in the totals, and makes it violated', () => {
  const kinds = ['lost', 'twice', 'back', 'reset', 'extra', 'wrong', 'order', 'stale', 'sum'] as const
  const anomaly = fc.record<Anomaly>({
    kind: fc.constantFrom(...kinds),
    count: fc.integer({ min: 1, max: 50 }),
    words: fc.string({ minLength: 1 }),
    atMs: fc.constant(null),
  })
  fc.assert(
    fc.property(fc.array(anomaly, { minLength: 1, maxLength: 20 }), (anomalies) => {
      const workloads = sound.workloads.map((each, index) => ({
        ...each,
        result: 'violated' as const,
        anomalies: index === 0 ? anomalies : [],
      }))
      const counts = countAnomalies(workloads)
      const sum = anomalies.reduce((total, { count }) => total + count, 0)
      assert.equal(counts.lost + counts.twice + counts.back + counts.other, sum)
      const { verdict, words } = judgeFindings({
        ...sound,
        workloads,
        totals: { ...sound.totals, ...counts },
      })
      assert.equal(verdict, 'violated')
      assert.ok(words.some((line) => line.includes(anomalies[0]?.words ?? '')))
    }),
  )
})
