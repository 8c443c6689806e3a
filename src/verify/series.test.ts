import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { abandonedWhy, type Outcome } from './operation.ts'
import { errorsByKind, longestCallMs, longestGapMs, seriesOf, type Timed } from './series.ts'

const call = (dueMs: number, endMs: number, why?: string): Timed => {
  const outcome: Outcome = why === undefined ? { kind: 'ok', answer: 1 } : { kind: 'unknown', why }
  return { dueMs, endMs, outcome }
}

describe('the series', () => {
  it('puts a call where it ended, with its latency since it was due', () => {
    const operations = [
      call(0, 10),
      call(10, 40),
      call(20, 99, 'TRYAGAIN'),
      call(30, 100),
      call(0, 250),
      call(0, 999),
    ]
    assert.deepEqual(seriesOf(operations, { fromMs: 0, toMs: 260, bucketMs: 100 }), {
      bucketMs: 100,
      p50: [30, 70, 250],
      p99: [79, 70, 250],
      max: [79, 70, 250],
      answered: [2, 1, 1],
      errors: [1, 0, 0],
    })
  })

  it('says null where nothing ended, and counts no abandoned try', () => {
    const series = seriesOf([call(0, 5, abandonedWhy), call(0, 150)], { fromMs: 0, toMs: 200, bucketMs: 100 })
    assert.deepEqual([series.p50, series.max, series.answered, series.errors].flat(), [
      ...[null, 150, null, 150],
      ...[0, 1, 0, 0],
    ])
    assert.deepEqual(seriesOf([], { fromMs: 0, toMs: 0, bucketMs: 100 }).answered, [])
  })
})

describe('within a range', () => {
  const operations = [
    call(0, 10),
    call(10, 20),
    call(20, 820, 'timeout'),
    call(30, 900),
    call(905, 910),
    call(990, 1000),
  ]

  it('the longest gap is cut at its ends, and an error does not end it', () => {
    assert.equal(longestGapMs(operations, { fromMs: 0, toMs: 1000 }), 880)
    assert.equal(longestGapMs(operations, { fromMs: 500, toMs: 1000 }), 400)
    assert.equal(longestGapMs(operations, { fromMs: 0, toMs: 120 }), 100)
    assert.equal(longestGapMs([], { fromMs: 5, toMs: 25 }), 20)
    assert.equal(longestGapMs(operations, { fromMs: 30, toMs: 20 }), 0)
  })

  it('the longest call is any that was under way, from the range on', () => {
    assert.equal(longestCallMs(operations, { fromMs: 0, toMs: 1000 }), 870)
    assert.equal(longestCallMs(operations, { fromMs: 800, toMs: 1000 }), 100)
    assert.equal(longestCallMs(operations, { fromMs: 0, toMs: 20 }), 10)
    assert.equal(longestCallMs([call(0, 1000, abandonedWhy)], { fromMs: 0, toMs: 20 }), 0)
    assert.equal(longestCallMs(operations, { fromMs: 2000, toMs: 3000 }), 0)
  })

  it('errors are those that ended in it, each in one of two that adjoin', () => {
    const errors = [
      call(0, 100, 'a'),
      call(0, 200, 'a'),
      call(0, 200, 'b'),
      call(0, 150),
      call(0, 150, abandonedWhy),
    ]
    assert.deepEqual(errorsByKind(errors), { a: 2, b: 1 })
    assert.deepEqual(errorsByKind(errors, { fromMs: 0, toMs: 200 }), { a: 1 })
    assert.deepEqual(errorsByKind(errors, { fromMs: 200, toMs: 300 }), { a: 1, b: 1 })
  })
})
