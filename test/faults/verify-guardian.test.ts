import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findManaged } from '../../src/platform/managed-process.ts'
import { findProgram, readOutput } from '../../src/platform/run-program.ts'
import { findProcess } from '../../src/targets/local/faults/processes.ts'
import { eventually } from '../harness/eventually.ts'
import { localDeployment, type LocalDeployment } from '../harness/local-deployment.ts'
import { noPacketFilter } from '../harness/packet-filter.ts'

const breaker = fileURLToPath(new URL('../harness/breaker.ts', import.meta.url))

test(
  'whoever breaks a deployment is killed: it is healed all the same',
  { skip: noPacketFilter() },
  async (t) => {
    const deployment = localDeployment(t, 72)
    await deployment.up()
    await deployment.healthy()

    await t.test(
      'by its guardian, which does nothing while its verify lives, and ends after it',
      async (t) => {
        const verify = await breakIt(t, deployment)
        const guardian = running(deployment, 'guardian')
        assert.equal(findProcess(deployment.stateDir, 'gateway')?.stopped, true)
        // As the terminal does that is closed, or whoever wants to end everything politely.
        process.kill(guardian, 'SIGHUP')
        process.kill(guardian, 'SIGTERM')
        process.kill(guardian, 'SIGINT')
        assert.notEqual((await deployment.target.observe()).state, 'healthy')
        assert.equal(running(deployment, 'guardian'), guardian)
        assert.ok(existsSync(journalOf(deployment)))
        verify.kill('SIGKILL')
        await eventually('the gateway goes on', 5000, () =>
          findProcess(deployment.stateDir, 'gateway')?.stopped === false ? true : 'it is stopped',
        )
        await healed(deployment)
      },
    )

    await t.test('by the next command, when its guardian was killed too', async (t) => {
      const verify = await breakIt(t, deployment)
      process.kill(running(deployment, 'guardian'), 'SIGKILL')
      verify.kill('SIGKILL')
      await once(verify, 'exit')
      const { problems } = await deployment.target.observe()
      assert.equal(problems[0]?.code, 'LEFT_BROKEN')
      assert.match(problems[0].message, /packets are dropped.*gateway \(pid \d+\) is stopped/)
      await deployment.up()
      await healed(deployment)
    })
  },
)

test('two deployments are broken at once, and each heals its own', { skip: noPacketFilter() }, async (t) => {
  const [one, other] = [localDeployment(t, 73), localDeployment(t, 74)]
  await Promise.all([one.up(), other.up()])
  await Promise.all([one.healthy(), other.healthy()])
  const drivers = await Promise.all([one.target.faults?.(), other.target.faults?.()])
  const [first, second] = drivers
  assert.ok(first !== undefined && second !== undefined)
  t.after(() => Promise.all([first.close(), second.close()]))
  await Promise.all([first.cut([0], [1, 2]), second.cut([0], [1, 2])])
  assert.equal((await tables()).match(/holdfast_local_7/g)?.length, 2)
  await first.close()
  assert.match(await tables(), /holdfast_local_74/)
  assert.doesNotMatch(await tables(), /holdfast_local_73/)
  await one.healthy(60_000)
  await second.close()
  assert.doesNotMatch(await tables(), /holdfast_local_7/)
  await other.healthy(60_000)
  for (const { stateDir } of [one, other]) {
    assert.ok(!findManaged(stateDir).some(({ component }) => component === 'guardian'))
  }
})

async function breakIt(t: TestContext, { stateDir, target }: LocalDeployment): Promise<ChildProcess> {
  const { name } = await target.observe()
  const verify = spawn(process.execPath, [breaker, stateDir, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => verify.kill('SIGKILL'))
  const [said] = (await Promise.race([once(verify.stdout, 'data'), once(verify, 'exit')])) as [unknown]
  assert.equal(String(said), 'broken\n')
  return verify
}

async function healed(deployment: LocalDeployment): Promise<void> {
  const { stateDir, healthy } = deployment
  await eventually('nothing is broken any more', 60_000, () => {
    if (existsSync(journalOf(deployment))) return readFileSync(journalOf(deployment), 'utf8')
    const helpers = findManaged(stateDir).filter(({ component }) => /^(guardian|relay)/.test(component))
    return helpers.length === 0 ? true : helpers.map(({ component }) => component).join()
  })
  assert.doesNotMatch(await tables(), /holdfast_local_72/)
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(stateDir))
  await healthy(60_000)
  const driver = await deployment.target.faults?.()
  assert.deepEqual(await driver?.redis(0, ['CONFIG', 'GET', 'maxmemory']), ['maxmemory', '0'])
  await driver?.close()
}

const journalOf = ({ stateDir }: LocalDeployment): string => join(stateDir, 'verify-undo.json')

function running({ stateDir }: LocalDeployment, component: string): number {
  const found = findManaged(stateDir).find((each) => each.component === component)
  assert.ok(found, `${component} does not run`)
  return found.pid
}

async function tables(): Promise<string> {
  return await readOutput(findProgram(['nft'], process.env) ?? 'nft', ['list', 'tables'])
}
