import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Counted } from './checkers/counted.ts'
import { summarize } from './summary.ts'

const call = (dueMs: number, endMs: number, why?: string): Counted => ({
  id: 'id',
  caller: 0,
  dueMs,
  startMs: endMs - 1,
  endMs,
  outcome: why === undefined ? { kind: 'ok', answer: 1 } : { kind: 'unknown', why },
})

test('latency counts from when a call was due, and a gap ends with a success only', () => {
  const history = [call(0, 10), call(10, 20), call(20, 300, 'http-500'), call(100, 520), call(1000, 1010)]
  assert.deepEqual(summarize(history), {
    requests: 5,
    ok: 4,
    errors: { 'http-500': 1 },
    perSecond: (4 * 1000) / 1010,
    longestMs: 420,
    longestGapMs: 500,
    latencyMs: { p50: 10, p90: 420, p99: 420, p999: 420 },
  })
})

test('the silence before the first and after the last success is a gap too', () => {
  assert.equal(summarize([call(0, 700), call(700, 710)]).longestGapMs, 700)
  assert.equal(summarize([call(0, 5), call(10, 900, 'timeout')]).longestGapMs, 895)
  assert.equal(summarize([]).longestGapMs, 0)
})
