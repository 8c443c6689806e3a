import { test } from 'node:test'
import type { Step } from '../../harness/cutting-plan.ts'
import { eventually } from '../../harness/eventually.ts'
import { ExactlyOnceScene } from '../../harness/exactly-once-scene.ts'
import { erasableIncrOf, erasableRpushOf } from '../../harness/witnesses-of-erasure.ts'

// Nobody sets this on Holdfast's own nodes; a Redis that somebody else runs may evict markers and the record like any key.

const lost: Step = { at: 'batch', fate: 'unanswered', purpose: 'lane' }
const unsent: Step = { at: 'batch', fate: 'before', purpose: 'lane' }

test('eviction of anything at any time: uncertain at the worst, and never twice', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  const allowed = { erased: () => Infinity, uncertain: () => true }
  await scene.watchedBy(
    ...['a', 'b', 'c', 'd'].map((key) => erasableIncrOf(key, allowed)),
    ...['e', 'f', 'g', 'h'].map((key) => erasableRpushOf(key, allowed)),
  )
  await scene.goesOn(20)
  const { redis: primary } = await scene.primary()
  const info = async (field: string): Promise<number> =>
    Number(new RegExp(`${field}:(\\d+)`).exec(await primary.info('everything'))?.[1] ?? NaN)
  // Redis counts the backlog: it must not grow while the rest has to shrink
  await primary.call('CONFIG', 'SET', 'repl-backlog-size', String(2 ** 20))
  await primary.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
  await primary.call('CONFIG', 'SET', 'maxmemory', String((await info('used_memory')) + 8 * 2 ** 20))
  const filling = new AbortController()
  const filled = (async () => {
    for (let n = 0; !filling.signal.aborted; n++)
      await primary.call('SET', `filling:${String(n)}`, 'x'.repeat(100_000))
  })()
  for (const step of [lost, unsent, lost, unsent, lost, unsent]) {
    const before = await info('evicted_keys')
    await scene.suffers([step])
    await eventually('evictions', 10_000, async () => (await info('evicted_keys')) > before + 50 || 'fewer')
  }
  filling.abort()
  await filled
  await primary.call('CONFIG', 'SET', 'maxmemory', '0')
  await scene.goesOn(20)
  await scene.close(t)
})
