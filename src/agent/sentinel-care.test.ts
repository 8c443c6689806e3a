import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patienceMs } from './sentinel-care.ts'

test('sentinels that will come to name this node by themselves are left alone', () => {
  assert.equal(patienceMs(['this node', 'another', 'another'], 3), null)
  assert.equal(patienceMs(['undecided', 'another'], 3), null)
})

test('sentinels of which none names this node, or ever will, are told at once', () => {
  assert.equal(patienceMs(['another', 'another', 'another'], 3), 0)
  assert.equal(patienceMs(['another', 'another'], 2), 0)
})

test('sentinels that disagree among themselves have a moment to hear of each other', () => {
  assert.equal(patienceMs(['another', 'another'], 3), 1500)
})
