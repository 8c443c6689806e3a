import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastCallMs } from './run-gate.ts'

const steady = { node: 1, intact: true, restarted: false }
const restarted = { node: 2, intact: true, restarted: true }
const emptied = { node: 3, intact: false, restarted: true }

const atLeast = (count: number) => (others: readonly number[]) => others.length >= count

test('a gate waits for as many intact nodes as it needs', () => {
  assert.equal(lastCallMs([], atLeast(1)), null)
  assert.equal(lastCallMs([emptied], atLeast(1)), null)
  assert.equal(lastCallMs([steady, emptied], atLeast(2)), null)
})

test('it gives the others longer when those it has would first have to fetch everything', () => {
  const short = lastCallMs([steady], atLeast(1)) ?? NaN
  assert.ok((lastCallMs([restarted], atLeast(1)) ?? NaN) > short)
  assert.ok((lastCallMs([steady, restarted], atLeast(2)) ?? NaN) > short)
  assert.equal(lastCallMs([steady, restarted], atLeast(1)), short)
})
