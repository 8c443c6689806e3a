import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastCallMs } from './run-gate.ts'

const steady = { intact: true, restarted: false }
const restarted = { intact: true, restarted: true }
const emptied = { intact: false, restarted: true }

test('a gate waits for as many intact nodes as it needs', () => {
  assert.equal(lastCallMs([], 1), null)
  assert.equal(lastCallMs([emptied], 1), null)
  assert.equal(lastCallMs([steady, emptied], 2), null)
})

test('it gives the others longer when those it has would first have to fetch everything', () => {
  const short = lastCallMs([steady], 1) ?? NaN
  assert.ok((lastCallMs([restarted], 1) ?? NaN) > short)
  assert.ok((lastCallMs([steady, restarted], 2) ?? NaN) > short)
  assert.equal(lastCallMs([steady, restarted], 1), short)
})
