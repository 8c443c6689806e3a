import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PoolOptions } from './pool.ts'
import { Pools } from './pools.ts'
import { SessionState } from './session-state.ts'

test('a pool that is busy when its time is over goes when it is not any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pools = new Pools(
    () => ({}) as PoolOptions,
    () => undefined,
    null,
  )
  const state = new SessionState()
  const pool = pools.of(state)
  const busy = t.mock.getter(pool, 'busy', () => true)
  pools.release(pool)
  t.mock.timers.tick(6000)
  busy.mock.mockImplementation(() => false)
  t.mock.timers.tick(6000)
  assert.notEqual(pools.of(state), pool)
})
