import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openSentinels } from '../../src/agent/sentinels.ts'
import { localPaths } from '../../src/targets/local/paths.ts'
import { requireSecrets, requireTopology } from '../../src/targets/local/state-files.ts'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { eventually } from '../harness/eventually.ts'
import { localDeployment } from '../harness/local-deployment.ts'

const network = 9
const port = 20_900
const spec = (nodes: number) => `app: {instances: 2, port: ${String(port)}}\nredis: {nodes: ${String(nodes)}}`

describe('the number of Redis nodes', { timeout: 180_000 }, () => {
  test('changes from three to five and back under load, without a failing call', async (t) => {
    const deployment = localDeployment(t, network)
    const { target, context, running } = deployment
    await deployment.up(spec(3))
    const gateway = running('gateway').pid
    const load = runLoad({ baseUrl: deployment.url, callers: 6, idPrefix: 'nodes-' })
    await load.answered(100)
    const names = async () => (await target.observe()).nodes.map(({ name }) => name)

    await t.test('three become five', async () => {
      const said = await deployment.plan(spec(5))
      assert.deepEqual(said, [
        '~ 2 nodes are added, and filled',
        '~ a majority of 3 nodes and one of 5 is needed',
        '~ a majority of 5 nodes is needed',
      ])
      assert.equal((await target.observe()).nodes.length, 3)
      assert.deepEqual((await deployment.up(spec(5))).at(-1), '5 Redis nodes instead of 3')
      assert.deepEqual(await names(), ['redis-0', 'redis-1', 'redis-2', 'redis-3', 'redis-4'])
      await deployment.healthy()
      assert.deepEqual(await deployment.plan(spec(5)), [])
      assert.deepEqual(await deployment.up(spec(5)), [])
    })

    await t.test('of five any two may die', async () => {
      for (const victim of ['redis-1', 'redis-2', 'sentinel-1', 'sentinel-2', 'agent-1', 'agent-2'])
        process.kill(running(victim).pid, 'SIGKILL')
      await load.answered(100)
      await deployment.healthy()
      await target.switchover('redis-4', context)
    })

    await t.test('five become three, also when the primary is one of those that go', async () => {
      assert.equal((await target.observe()).primary, 'redis-4')
      assert.deepEqual((await deployment.up(spec(3))).at(-1), '3 Redis nodes instead of 5')
      const status = await deployment.healthy()
      assert.equal(status.nodes.length, 3)
      assert.ok(['redis-0', 'redis-1', 'redis-2'].includes(status.primary ?? ''))
      assert.ok(!existsSync(join(deployment.stateDir, 'nodes', '3')))
      assert.deepEqual(await deployment.up(spec(3)), [])
    })

    await t.test(
      'the sentinels forget those that are gone, so that two of three agree again',
      async (sub) => {
        const paths = localPaths(deployment.stateDir)
        const sentinels = openSentinels(requireTopology(paths), requireSecrets(paths).internal, '127.0.0.1')
        sub.after(() => {
          sentinels.close()
        })
        await eventually('the sentinels to know each other and nobody else', 30_000, async () => {
          const known = (await sentinels.views()).map(({ others }) => others)
          return known.every((others) => others === 2) || `they know ${known.join(', ')} others`
        })
      },
    )

    assert.equal(running('gateway').pid, gateway, 'the gateway was started anew')
    assert.deepEqual(await deployment.audit(await load.stop()), [])
  })
})
