import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilQuiet } from './linger.ts'

test('waits while clients are there, and a moment for those that come back', async () => {
  const counts = [1, 1, 0, 1, 0]
  let looks = 0
  await untilQuiet({ sessions: () => counts[looks++] ?? 0, limitMs: 60_000, quietMs: 120 })
  assert.ok(looks > counts.length, 'it waited beyond the last client')
})

test('does not wait for ever', async () => {
  await untilQuiet({ sessions: () => 1, limitMs: 100, quietMs: 60_000 })
})

test('without a limit it does not wait', async () => {
  let looks = 0
  await untilQuiet({ sessions: () => (looks++, 1), limitMs: 0, quietMs: 60_000 })
  assert.equal(looks, 1)
})
