import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findManaged } from '../../src/platform/managed-process.ts'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { eventually } from '../harness/eventually.ts'
import { localDeployment } from '../harness/local-deployment.ts'

const network = 3

describe('the embedded supervisor', { timeout: 180_000 }, () => {
  test('brings back what is killed, itself too, adopts what runs, and leaves nothing', async (t) => {
    const deployment = localDeployment(t, network)
    const { running } = deployment
    assert.deepEqual(await deployment.up(), [`local-${String(network)} was started`])
    assert.deepEqual(await deployment.up(), [])

    await t.test('each part was started once', () => {
      const log = readFileSync(join(deployment.stateDir, 'logs', 'supervisor.log'), 'utf8')
      const lines = log.trim().split('\n')
      const entries = lines.map((line) => JSON.parse(line) as { msg: string; part?: string })
      const started = entries.filter(({ msg }) => msg === 'started').map(({ part }) => part)
      assert.equal(started.toSorted().join(), 'agent-0,agent-1,agent-2,app-0,app-1,front-door,gateway')
    })

    await t.test(
      'its parts have a session of their own, a private log, and no secret in their command line',
      () => {
        for (const { component, pid } of findManaged(deployment.stateDir)) {
          const commandLine = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
          for (const secret of ['password', 'internal']) {
            const text = readFileSync(join(deployment.stateDir, 'secrets', secret), 'utf8')
            assert.ok(!commandLine.includes(text), `${component} shows a secret`)
          }
        }
      },
    )

    await t.test('killed itself: everything runs on, it is back by itself and takes over', async () => {
      const before = findManaged(deployment.stateDir)
      const old = running('supervisor')
      const load = runLoad({ baseUrl: deployment.url, callers: 4, idPrefix: 'supervisor-' })
      await load.answered(50)
      process.kill(old.pid, 'SIGKILL')
      await eventually(
        'another supervisor',
        15_000,
        () => running('supervisor').pid !== old.pid || 'the old one',
      )
      await deployment.healthy()
      await load.answered(50)
      assert.deepEqual(await deployment.audit(await load.stop()), [])
      const follower = before.find(({ component }) => component === 'standby')
      assert.equal(running('supervisor').pid, follower?.pid)
      for (const { component, pid } of before) {
        if (component !== 'supervisor' && component !== 'standby')
          assert.equal(running(component).pid, pid, `${component} was started anew`)
      }
      assert.deepEqual(await deployment.up(), [])
    })

    await t.test('killed, and up typed at once: it waits for the one that takes over', async () => {
      for (let i = 0; i < 5; i += 1) {
        process.kill(running('supervisor').pid, 'SIGKILL')
        assert.deepEqual(await deployment.up(), [])
      }
    })

    for (const component of ['gateway', 'front-door']) {
      await t.test(`while an adopted ${component} is away clients wait in its socket`, async () => {
        const load = runLoad({ baseUrl: deployment.url, callers: 4, idPrefix: `${component}-` })
        await load.answered(50)
        const old = running(component)
        process.kill(old.pid, 'SIGKILL')
        await eventually(
          `another ${component}`,
          15_000,
          () => running(component).pid !== old.pid || 'the old one',
        )
        await load.answered(50)
        const outcomes = await deployment.audit(await load.stop())
        // What it had in hand is lost with it: one call a caller, and nobody was refused.
        assert.ok(outcomes.length <= 4, outcomes.join('\n'))
        assert.doesNotMatch(outcomes.join('\n'), /ECONNREFUSED/)
        await deployment.healthy()
      })
    }

    await t.test('adopted parts that are killed come back', async () => {
      const killed = ['app-0', 'app-1', 'front-door', 'gateway', 'agent-0', 'sentinel-1'].map(running)
      for (const { pid } of killed) process.kill(pid, 'SIGKILL')
      for (const old of killed) {
        await eventually(
          `another ${old.component}`,
          15_000,
          () => running(old.component).pid !== old.pid || 'the old one',
        )
      }
      await deployment.healthy()
    })

    await t.test('all instances killed at once: calls wait for the first to be back', async () => {
      const load = runLoad({ baseUrl: deployment.url, callers: 4, idPrefix: 'all-' })
      await load.answered(50)
      for (const component of ['app-0', 'app-1']) process.kill(running(component).pid, 'SIGKILL')
      await load.answered(200)
      const outcomes = await deployment.audit(await load.stop())
      // A caller whose call was lost with one instance may lose the next with the other.
      assert.ok(outcomes.length <= 2 * 4, outcomes.join('\n'))
      await deployment.healthy()
    })

    await t.test('down works without it, and the data stays', async () => {
      const count = async () =>
        ((await (await fetch(`${deployment.url}/kept`)).json()) as { count: number }).count
      assert.equal(await count(), 1)
      for (const agent of ['agent-0', 'agent-1', 'agent-2']) process.kill(running(agent).pid, 'SIGSTOP')
      process.kill(running('supervisor').pid, 'SIGKILL')
      assert.notDeepEqual(await deployment.target.remove({ purge: false }, deployment.context), [])
      assert.deepEqual(findManaged(deployment.stateDir), [])
      assert.deepEqual(await deployment.target.remove({ purge: false }, deployment.context), [])
      await deployment.up()
      assert.equal(await count(), 2)
    })
  })
})
