import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { controlConnection } from '../../../src/agent/redis-link.ts'
import { timing } from '../../../src/topology/topology.ts'
import { eventually } from '../../harness/eventually.ts'
import { startNodeSet, type NodeSet } from '../../harness/node-set.ts'

/** Writes through the primary and waits until every member has it, as a gateway would. */
async function write(set: NodeSet, primary: number, key: string, value: string): Promise<void> {
  const redis = set.redis(primary)
  await eventually('a connection', 3000, () => redis.status === 'ready' || redis.status)
  await redis.set(key, value)
  const acknowledged = await redis.wait(set.topology.nodes.length - 1, 2000)
  assert.equal(acknowledged, set.topology.nodes.length - 1)
}

async function read(set: NodeSet, node: number, key: string): Promise<string | null> {
  const redis = set.redis(node)
  await eventually('a connection', 3000, () => redis.status === 'ready' || redis.status)
  return redis.get(key)
}

async function loseVolume(set: NodeSet, victim: number): Promise<void> {
  for (const part of ['agent', 'redis', 'sentinel']) set.kill(`${part}-${String(victim)}`)
  await eventually('all of it dead', 3000, () => {
    try {
      set.process(`redis-${String(victim)}`)
      return 'alive'
    } catch {
      return true
    }
  })
  await rm(join(set.stateDir, 'nodes', String(victim)), { recursive: true })
}

test('new nodes begin with redis-0, all in sync, each with a sentinel that names it', async (t) => {
  const set = await startNodeSet(t)
  const { primary, state } = await set.settled()
  assert.equal(primary, 0)
  assert.deepEqual(state.redis.record?.epoch, { number: 1, node: 0 })
})

test('a killed primary is replaced, and comes back as a replica in sync', async (t) => {
  const set = await startNodeSet(t)
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  set.kill('redis-0')
  const { primary } = await set.settled({ not: 0 })
  assert.equal(await read(set, primary, 'kept'), 'yes')
  assert.equal(await read(set, 0, 'kept'), 'yes')
})

test('a primary that hangs is replaced; awake, it serves nobody and follows', async (t) => {
  const set = await startNodeSet(t)
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  set.kill('redis-0', 'SIGSTOP')
  const { primary } = await set.settled({ not: 0, members: 1 })
  set.kill('redis-0', 'SIGCONT')
  await set.settled({ not: 0 })
  assert.equal(await read(set, primary, 'kept'), 'yes')
})

test('a whole node killed (agent, redis, sentinel) is replaced; its new agent brings it back', async (t) => {
  const set = await startNodeSet(t)
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  for (const component of ['agent-0', 'redis-0', 'sentinel-0']) set.kill(component)
  await set.settled({ not: 0, members: 1 })
  await set.startAgent(0)
  const { primary } = await set.settled({ not: 0 })
  assert.equal(await read(set, primary, 'kept'), 'yes')
})

test('an emptied volume is filled again, of a replica and of the primary', async (t) => {
  const set = await startNodeSet(t)
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  for (const victim of [1, 0]) {
    await loseVolume(set, victim)
    await set.startAgent(victim)
    const { primary } = await set.settled({ not: victim })
    assert.equal(await read(set, primary, 'kept'), 'yes')
    assert.equal(await read(set, victim, 'kept'), 'yes')
  }
})

test('everything killed at once, started in any order, ten times: what was answered is there', async (t) => {
  const set = await startNodeSet(t)
  let { primary } = await set.settled()
  for (let round = 0; round < 10; round += 1) {
    await write(set, primary, `kept-${String(round)}`, 'yes')
    set.killAll()
    const order = [0, 1, 2].toSorted((a, b) => ((a * 7 + round * 5) % 3) - ((b * 7 + round * 5) % 3))
    for (const index of order) await set.startAgent(index)
    ;({ primary } = await set.settled())
    for (let earlier = 0; earlier <= round; earlier += 1) {
      assert.equal(await read(set, primary, `kept-${String(earlier)}`), 'yes')
    }
  }
})

test('a replica-priority that somebody else set is put back', async (t) => {
  const set = await startNodeSet(t)
  const { primary } = await set.settled()
  const redis = set.redis((primary + 1) % 3)
  const priority = async () => (await redis.config('GET', 'replica-priority')) as readonly string[]
  await eventually('it may be promoted', 5000, async () => (await priority())[1] === '100' || 'not yet')
  await redis.config('SET', 'replica-priority', '0')
  await eventually('it may be promoted again', 5000, async () => (await priority())[1] === '100' || 'not yet')
})

test('sentinels that were told by hand whom to watch see nothing, and are set up again', async (t) => {
  const set = await startNodeSet(t)
  const { topology, secrets } = set
  await set.settled()
  const [primary] = topology.nodes
  assert.ok(primary)
  const sentinels = topology.nodes.map(({ address, sentinelPort: port }) =>
    controlConnection({ host: address, port, internalSecret: secrets.internal }),
  )
  t.after(() => {
    for (const sentinel of sentinels) sentinel.disconnect()
  })
  const ask = (sentinel: (typeof sentinels)[number], ...words: string[]) =>
    eventually(words.join(' '), 3000, async () => ({ said: await sentinel.call('SENTINEL', words) }))
  const { name, quorum } = topology
  for (const sentinel of sentinels) {
    await ask(sentinel, 'REMOVE', name)
    await ask(sentinel, 'MONITOR', name, primary.address, String(primary.redisPort), String(quorum))
  }
  for (const sentinel of sentinels)
    await eventually('times of ours', 15_000, async () => {
      const fields = (await sentinel.call('SENTINEL', 'MASTER', name)) as string[]
      const downAfter = fields[fields.indexOf('down-after-milliseconds') + 1]
      return downAfter === String(timing.downAfterMs) ? { downAfter } : `down after ${downAfter ?? '?'} ms`
    })
  set.kill('redis-0', 'SIGSTOP')
  await set.settled({ not: 0, members: 1 })
  set.kill('redis-0', 'SIGCONT')
  await set.settled({ not: 0 })
})

test('an emptied primary that is back at once is replaced by the sentinels, without waiting', async (t) => {
  const set = await startNodeSet(t)
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  await loseVolume(set, 0)
  await set.startAgent(0)
  const { primary, state } = await set.settled({ not: 0 })
  assert.equal(await read(set, primary, 'kept'), 'yes')
  // One reign more, not two: nobody decided alone, to be replaced by the sentinels' choice later.
  assert.equal(state.reign?.number, 2)
})

test('a switchover hands over to the node that was asked for, ten times', async (t) => {
  const set = await startNodeSet(t)
  let { primary } = await set.settled()
  await write(set, primary, 'kept', 'yes')
  for (let round = 0; round < 10; round += 1) {
    const to = (primary + 1) % 3
    assert.deepEqual(await set.agents.switchover(primary, to), { primary: `redis-${String(to)}` })
    ;({ primary } = await set.settled())
    assert.equal(primary, to)
  }
  assert.equal(await read(set, primary, 'kept'), 'yes')
})

test('five nodes survive two', async (t) => {
  const set = await startNodeSet(t, { nodes: 5 })
  await set.settled()
  await write(set, 0, 'kept', 'yes')
  for (const victim of [0, 1])
    for (const part of ['agent', 'redis', 'sentinel']) set.kill(`${part}-${String(victim)}`)
  const { primary } = await set.settled({ not: 0, members: 2 })
  assert.ok(primary >= 2)
  assert.equal(await read(set, primary, 'kept'), 'yes')
})
