import assert from 'node:assert/strict'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodePaths } from '../../src/agent/servers.ts'
import { controlConnection } from '../../src/agent/redis-link.ts'
import type { Step } from '../harness/cutting-plan.ts'
import { eventually } from '../harness/eventually.ts'
import { ExactlyOnceScene } from '../harness/exactly-once-scene.ts'
import type { NodeSet } from '../harness/node-set.ts'
import { SharedStock } from '../harness/witnesses-of-elements.ts'
import { shortOfMemoryOf } from '../harness/witnesses-of-erasure.ts'
import { batchedWitnesses, otherWitnesses } from '../harness/witnesses.ts'

// The server refuses while writes are in flight. What it cannot run now waits, and runs once; what it refuses for memory has not run.

const lost: Step = { at: 'batch', fate: 'unanswered', purpose: 'lane' }
const unsent: Step = { at: 'batch', fate: 'before', purpose: 'lane' }

type Redis = ReturnType<NodeSet['redis']>

/** Until the server has refused so many more commands with this word. */
async function refuses(primary: Redis, word: string, more = 10): Promise<void> {
  const count = async (): Promise<number> =>
    Number(new RegExp(`errorstat_${word}:count=(\\d+)`).exec(await primary.info('errorstats'))?.[1] ?? 0)
  const before = await count()
  await eventually(
    `${word}, often`,
    5000,
    async () => (await count()) >= before + more || String(await count()),
  )
}

test('memory runs out in the middle of batches: each command is refused, or ran, exactly as it was answered', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  const witnesses = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => shortOfMemoryOf(key))
  const list = new SharedStock('list', ['RPUSH', 'LPOP'])
  await scene.watchedBy(...witnesses, list.witness(), list.witness())
  await scene.goesOn(10)
  const { redis: primary } = await scene.primary()
  const refused = (): number => witnesses.reduce((sum, each) => sum + each.refused(), 0)
  for (const step of [null, lost, unsent, null, lost, unsent]) {
    const before = refused()
    await primary.call('CONFIG', 'SET', 'maxmemory', '1')
    if (step !== null) await scene.suffers([step])
    await eventually('refusals', 5000, () => refused() > before + 20 || String(refused() - before))
    await primary.call('CONFIG', 'SET', 'maxmemory', '0')
    await scene.goesOn(5)
  }
  await scene.close(t)
})

test('NOREPLICAS, MISCONF and READONLY while writes are in flight: they wait and run once', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  const { set } = scene
  await scene.watchedBy(...batchedWitnesses('b'), ...otherWitnesses('o'))
  await scene.goesOn()
  const { index: first, redis: primary } = await scene.primary()

  for (const step of [null, lost, unsent]) {
    await primary.call('CONFIG', 'SET', 'min-replicas-to-write', '3')
    if (step !== null) scene.relay.follow([step])
    await refuses(primary, 'NOREPLICAS')
    await primary.call('CONFIG', 'SET', 'min-replicas-to-write', '1')
    await scene.goesOn()
  }

  // a directory where the dump would be
  const dump = join(nodePaths(set.stateDir, first).data, 'dump.rdb')
  await mkdir(dump, { recursive: true })
  await primary.call('CONFIG', 'SET', 'save', '3600 1')
  await primary.call('BGSAVE')
  await eventually('a dump that failed', 5000, async () => {
    const info = await primary.info('persistence')
    return info.includes('rdb_last_bgsave_status:err') || info
  })
  for (const step of [null, lost, unsent]) {
    await primary.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes')
    if (step !== null) scene.relay.follow([step])
    await refuses(primary, 'MISCONF')
    await primary.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no')
    await scene.goesOn()
  }
  await primary.call('CONFIG', 'SET', 'save', '')
  await rmdir(dump)

  const sentinel = set.topology.nodes[first]
  assert.ok(sentinel)
  const { address: host, sentinelPort: port } = sentinel
  const connection = controlConnection({
    host,
    port,
    internalSecret: set.secrets.internal,
    replyWithinMs: 3000,
  })
  await eventually('a sentinel', 5000, () => connection.status === 'ready' || connection.status)
  await connection.call('SENTINEL', 'FAILOVER', set.topology.name)
  connection.disconnect()
  await set.settled({ not: first, withinMs: 30_000 })
  await scene.goesOn()
  await scene.close(t)
})
