import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { errorsByKind } from '../../src/verify/series.ts'
import { workloads } from '../../src/verify/workloads/all.ts'
import { connectionOf, startDeployment } from '../harness/deployment.ts'
import { eventually } from '../harness/eventually.ts'

test('every workload is sound, and sees no error, while the primary is killed', async (t) => {
  const deployment = await startDeployment(t)
  await deployment.mustDo('up')
  const { host, port, password } = connectionOf(await deployment.mustDo('env'))
  const beganMs = performance.now()
  const running = await Promise.all(
    workloads.map((workload) =>
      workload.start({
        endpoints: { url: deployment.url, redis: [{ host, port, password, db: 0 }] },
        prefix: 'workloads:',
        callers: 3,
        ratePerSecond: 40,
        timeoutMs: 15_000,
        random: Math.random,
        now: () => performance.now() - beganMs,
      }),
    ),
  )
  const answered = (calls: number) =>
    eventually(`${calls} more answers to each`, 40_000, () => {
      const short = running.filter(({ operations }) => operations.length < calls)
      return short.length === 0 || short.map(({ name, operations }) => `${name}: ${operations.length}`).join()
    })
  try {
    await answered(60)
    const before = await deployment.status()
    assert.ok(before.primary)
    deployment.kill(before.primary)
    const most = running.reduce((longest, { operations }) => Math.max(longest, operations.length), 0)
    await answered(most + 100)
    await deployment.healthy()
    assert.notEqual((await deployment.status()).primary, before.primary)
  } finally {
    await Promise.all(running.map((each) => each.stop()))
  }
  for (const each of running) {
    const verdict = await each.judge()
    t.diagnostic(`${each.name}: ${verdict.acknowledged} answered; ${verdict.notes.join('; ')}`)
    assert.deepEqual([each.name, verdict.result, verdict.anomalies], [each.name, 'sound', []])
    assert.deepEqual([each.name, errorsByKind(each.operations)], [each.name, {}])
    await each.remove()
  }
  const client = new Redis({ host, port, password })
  assert.equal(await client.dbsize(), 0)
  client.disconnect()
})
