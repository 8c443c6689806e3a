import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findManaged } from '../../src/platform/managed-process.ts'
import { startSecondGateway } from '../../src/targets/local/second-gateway.ts'
import { requireTopology } from '../../src/targets/local/state-files.ts'
import { localPaths } from '../../src/targets/local/paths.ts'
import { withRedis } from '../../src/verify/workloads/end-state.ts'
import { localDeployment } from '../harness/local-deployment.ts'

test('a second gateway: one Redis through both, a switchover that both hold for, and nothing of it stays', async (t) => {
  const deployment = localDeployment(t, 13)
  const { stateDir, target, context } = deployment
  await deployment.up('app: {instances: 1, port: 30300}')
  await deployment.healthy()
  const second = await startSecondGateway(stateDir, context.signal)
  t.after(() => second.stop())
  const first = await target.connection()
  const other = { ...first, host: second.host, port: second.port }
  assert.notEqual(second.port, requireTopology(localPaths(stateDir)).gateway.port)
  const count = (at: typeof first) => withRedis(at, 5000, (redis) => redis.incr('both'))
  assert.deepEqual([await count(first), await count(other), await count(first)], [1, 2, 3])

  const before = (await target.observe()).primary
  assert.notEqual(await target.switchover(undefined, context), before)
  assert.deepEqual([await count(other), await count(first)], [4, 5])

  await second.stop()
  const names = findManaged(stateDir).map(({ component }) => component)
  assert.ok(!names.includes('verify-gateway') && names.includes('gateway'), names.join())
  assert.equal(existsSync(join(stateDir, 'run', 'verify-gateway')), false)
})
