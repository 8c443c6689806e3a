import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { nodePaths } from '../../src/agent/servers.ts'
import { askAgent } from '../../src/targets/local/agent-client.ts'
import { eventually } from '../harness/eventually.ts'
import { startNodeSet } from '../harness/node-set.ts'

test('nodes that another release started: clients keep their rights until `up` says that no gateway needs them', async (t) => {
  const set = await startNodeSet(t)
  const { stateDir, topology, secrets } = set
  await set.settled()
  const nodes = topology.nodes.map((node) => ({ node, redis: set.redis(node.index) }))
  const may = async (of: (typeof nodes)[number], ...command: string[]): Promise<boolean> =>
    (await of.redis.call('ACL', 'DRYRUN', 'default', ...command)) === 'OK'
  for (const one of nodes) {
    await eventually('connected', 5000, async () => ({ pong: await one.redis.ping() }))
    assert.equal(await may(one, 'SELECT', '16'), false)
  }

  // as a release left them that knew neither these users nor this field
  for (const { node, redis } of nodes) {
    const agent = set.process(`agent-${String(node.index)}`)
    process.kill(agent.pid, 'SIGHUP')
    await agent.exited
    const { state } = nodePaths(stateDir, node.index)
    const { confined, ...former } = JSON.parse(await readFile(state, 'utf8')) as Record<string, unknown>
    assert.equal(confined, true)
    await writeFile(state, JSON.stringify(former))
    const client = ['default', 'reset', 'on', `>${secrets.password}`, '~*', '&*', '+@all', '-replicaof']
    await redis.call('ACL', 'SETUSER', ...client)
    await redis.call('ACL', 'DELUSER', 'operator', 'holdfast-gateway', 'holdfast-batch')
    await set.startAgent(node.index)
  }
  await set.settled()
  const users = async (one: (typeof nodes)[number]) => (await one.redis.call('ACL', 'USERS')) as string[]
  for (const one of nodes) {
    await eventually('its users', 10_000, async () => (await users(one)).includes('holdfast-batch'))
    assert.equal((await users(one)).length, 7)
    assert.equal(await may(one, 'SELECT', '16'), true)
  }

  const signal = AbortSignal.timeout(10_000)
  for (const changed of [true, false])
    for (const one of nodes) {
      const answer = await askAgent(one.node, secrets.internal, '/confine', {}, { failure: 'BUSY', signal })
      assert.deepEqual(answer, { changed })
      assert.equal(await may(one, 'SELECT', '16'), false)
      assert.equal(await may(one, 'SELECT', '15'), true)
    }

  // also where it is started anew
  const [one] = nodes
  assert.ok(one)
  const { pid } = set.process('redis-0')
  set.kill('redis-0')
  await eventually('another process', 10_000, () => {
    try {
      return set.process('redis-0').pid !== pid
    } catch {
      return 'none yet'
    }
  })
  await set.settled()
  await eventually('connected', 5000, async () => ({ pong: await one.redis.ping() }))
  assert.equal(await may(one, 'SELECT', '16'), false)
})
