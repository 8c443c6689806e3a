import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDeployment, type TestDeployment } from '../harness/deployment.ts'
import { eventually } from '../harness/eventually.ts'

async function primaryOf(deployment: TestDeployment): Promise<number> {
  const { primary } = await deployment.healthy()
  return Number(primary?.replace('redis-', ''))
}

test('each process killed in turn, then the supervisor, all instances, a whole node: it goes on by itself', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load()
  const components = deployment.processes().map((each) => each.component)
  assert.ok(
    components.includes('supervisor') && components.includes('gateway') && components.includes('app-2'),
  )
  for (const component of components) {
    deployment.kill(component)
    await load.answered(50)
    await deployment.healthy()
  }
  for (const component of ['app-0', 'app-1', 'app-2']) deployment.kill(component)
  await load.answered(50)
  const primary = await primaryOf(deployment)
  for (const part of ['agent', 'redis', 'sentinel']) deployment.kill(`${part}-${String(primary)}`)
  await load.answered(50)
  await deployment.healthy()
  await deployment.check(load)
})

test('the primary killed under load is replaced, comes back as a replica in sync, and is refilled when emptied', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load({ ratePerSecond: 300 })
  await load.answered(100)
  const first = await primaryOf(deployment)
  deployment.kill(`redis-${String(first)}`)
  await load.answered(300)
  assert.notEqual(await primaryOf(deployment), first)
  const second = await primaryOf(deployment)
  for (const part of ['agent', 'sentinel', 'redis']) deployment.kill(`${part}-${String(second)}`, 'SIGSTOP')
  for (const part of ['agent', 'sentinel', 'redis']) deployment.kill(`${part}-${String(second)}`)
  await rm(join(deployment.stateDir, 'nodes', String(second)), { recursive: true, force: true })
  await load.answered(300)
  const status = await deployment.healthy(60_000)
  assert.ok(status.nodes.every((node) => node.inSync))
  await deployment.check(load)
})

test('everything killed at once under load, then up: all answered counts are there', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load()
  await load.answered(100)
  for (const each of deployment.processes()) process.kill(each.pid, 'SIGKILL')
  await deployment.mustDo('up')
  await load.answered(50)
  await deployment.check(load)
})

test('switchover, scale and refresh under load: no error and no count lost', async (t) => {
  const deployment = await startDeployment(t)
  const load = deployment.load()
  await load.answered(50)
  for (let round = 0; round < 3; round += 1) {
    await deployment.healthy()
    await deployment.mustDo('switchover')
  }
  await deployment.mustDo('scale', '5')
  await deployment.mustDo('scale', '2')
  await deployment.mustDo('refresh')
  await deployment.mustDo('restart', `redis-${String(await primaryOf(deployment))}`)
  await deployment.healthy()
  const summary = await deployment.check(load)
  assert.deepEqual(summary.errors, {})
})

test('a second deployment does not disturb the first, and data survives down and up', async (t) => {
  const first = await startDeployment(t)
  assert.equal(await first.get('x'), 1)
  const second = await startDeployment(t)
  assert.equal(await second.get('x'), 1)
  await second.mustDo('down')
  assert.equal(await first.get('x'), 2)
  await first.mustDo('down')
  await first.mustDo('up')
  assert.equal(await first.get('x'), 3)
  await eventually('the other is down', 5000, async () => (await second.status()).state === 'down' || 'up')
})
