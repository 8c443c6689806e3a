import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { localDeployment } from '../harness/local-deployment.ts'

const network = 4
const port = 29_400

describe('instances', { timeout: 180_000 }, () => {
  test('are added, removed and replaced without a failing call', async (t) => {
    const deployment = localDeployment(t, network)
    const { target, context, running } = deployment
    await deployment.up(`app: {instances: 2, port: ${String(port)}}`)
    const load = runLoad({ baseUrl: deployment.url, callers: 6, idPrefix: 'roll-' })
    await load.answered(100)
    const names = async () => (await target.observe()).instances.map(({ name }) => name)

    await target.scale(4, context)
    assert.deepEqual(await names(), ['app-0', 'app-1', 'app-2', 'app-3'])
    const before = [running('app-0').pid, running('app-3').pid]

    await target.refresh(context)
    assert.deepEqual(await names(), ['app-0', 'app-1', 'app-2', 'app-3'])
    assert.ok(!before.includes(running('app-0').pid) && !before.includes(running('app-3').pid))

    await target.scale(1, context)
    assert.deepEqual(await names(), ['app-0'])

    const changed = `app: {instances: 2, port: ${String(port)}, env: {COLOUR: green}}`
    const gateway = running('gateway').pid
    const changes = await deployment.up(changed)
    assert.match(changes.join('\n'), /its instances were replaced\n2 instances instead of 1/)
    assert.equal(running('gateway').pid, gateway)
    assert.deepEqual(await deployment.up(changed), [])

    const broken = `app: {instances: 2, port: ${String(port)}, command: "echo no such luck; exit 1", health: /other}`
    await assert.rejects(
      deployment.up(broken),
      /app-2 does not get healthy: .* ended 5 times in a row\n +no such luck/,
    )
    assert.deepEqual(await names(), ['app-0', 'app-1'])
    await load.answered(100)

    assert.deepEqual(await deployment.audit(await load.stop()), [])
    await deployment.up(changed)
    await deployment.healthy()
  })
})
