import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDeployment, type TestDeployment } from '../../harness/deployment.ts'

async function primaryOf(deployment: TestDeployment): Promise<number> {
  const { primary } = await deployment.healthy()
  return Number(primary?.replace('redis-', ''))
}

test('a primary that hangs is replaced; nothing it did after is answered', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load()
  await load.answered(100)
  const primary = await primaryOf(deployment)
  deployment.kill(`redis-${String(primary)}`, 'SIGSTOP')
  await load.answered(100)
  deployment.kill(`redis-${String(primary)}`, 'SIGCONT')
  await load.answered(100)
  assert.notEqual(await primaryOf(deployment), primary)
  await deployment.check(load)
})

test('everything killed at once under load, then up, ten times: all answered counts are there', async (t) => {
  const deployment = await startDeployment(t)
  for (let round = 0; round < 10; round += 1) {
    const load = deployment.load()
    await load.answered(100)
    for (const each of deployment.processes()) process.kill(each.pid, 'SIGKILL')
    await deployment.mustDo('up')
    await load.answered(50)
    await deployment.check(load)
  }
})

test('ten switchovers under load: no error at the front door, and no count lost', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load()
  await load.answered(50)
  for (let round = 0; round < 10; round += 1) {
    const before = await primaryOf(deployment)
    await deployment.mustDo('switchover')
    assert.notEqual(await primaryOf(deployment), before)
  }
  const summary = await deployment.check(load)
  assert.deepEqual(summary.errors, {})
})
