import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPriority } from './priority.ts'

/** Notes what is set, and answers nothing else. */
function noting() {
  const set: number[] = []
  let atMs = 0
  const priority = createPriority(
    {
      setPriority: (value) => {
        set.push(value)
        return Promise.resolve()
      },
    },
    () => atMs,
  )
  return { set, priority, later: (ms: number) => void (atMs += ms) }
}

test('is set once for a server, and again for the next one', async () => {
  const { set, priority } = noting()
  await priority.natural(0, { runId: 'a', priority: 0 })
  await priority.natural(100, { runId: 'a', priority: 0 })
  await priority.natural(100, { runId: 'a', priority: 100 })
  await priority.natural(100, { runId: 'b', priority: 100 })
  assert.deepEqual(set, [0, 100, 100])
})

test('what somebody else set is put back', async () => {
  const { set, priority } = noting()
  await priority.natural(100, { runId: 'a', priority: 0 })
  await priority.natural(100, { runId: 'a', priority: 0 })
  await priority.natural(100, { runId: 'a', priority: 7 })
  assert.deepEqual(set, [100, 100, 100])
})

test('a primary, which says no priority, is left alone', async () => {
  const { set, priority } = noting()
  await priority.natural(100, { runId: 'a', priority: null })
  await priority.natural(100, { runId: 'a', priority: null })
  assert.deepEqual(set, [100])
})

test('an override stands until its time is over, also against somebody else', async () => {
  const { set, priority, later } = noting()
  await priority.natural(100, { runId: 'a', priority: 0 })
  await priority.override(0, 1000)
  await priority.natural(100, { runId: 'a', priority: 100 })
  await priority.natural(100, { runId: 'a', priority: 0 })
  later(1000)
  await priority.natural(100, { runId: 'a', priority: 0 })
  assert.deepEqual(set, [100, 0, 0, 100])
})
