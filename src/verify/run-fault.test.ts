import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawnResult } from '../../test/harness/verify-result.ts'
import type { Fault, FaultDriver } from './faults/fault.ts'
import { OperationFeed } from './feed.ts'
import { runFault } from './run-fault.ts'

test('a fault that begins in the middle of a failover waits for the primary that it looks for', async () => {
  const status = drawnResult().after
  assert.ok(status)
  let asked = 0
  const driver = {
    observe: () => Promise.resolve({ ...status, primary: ++asked < 3 ? null : 'redis-1' }),
    heal: () => Promise.resolve(),
  } as Partial<FaultDriver> as FaultDriver
  const fault: Fault = {
    ...{ name: 'looks', description: '', needs: [], lastsMs: 0, ordinary: false },
    run: async ({ nodes, did }) => {
      const { primary, replicas } = await nodes()
      did(`${primary.name}, ${replicas.map(({ name }) => name).join(', ')}`)
    },
  }
  const run = await runFault(fault, {
    driver,
    feed: new OperationFeed(() => undefined),
    random: () => 0,
    signal: new AbortController().signal,
    progress: { step: () => undefined, waiting: () => undefined },
    now: () => performance.now(),
    healthyWithinMs: 0,
  })
  assert.deepEqual([run.failed, run.did], [null, ['redis-1, redis-0, redis-2']])
})
