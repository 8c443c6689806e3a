import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { controlConnection } from '../../../src/agent/redis-link.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { commandLine, exitOf } from '../../harness/command-line.ts'
import { connectionOf, startDeployment, type TestDeployment } from '../../harness/deployment.ts'
import { eventually } from '../../harness/eventually.ts'

async function passwordHashes(deployment: TestDeployment): Promise<unknown[]> {
  const read = (name: string) => readFileSync(join(deployment.stateDir, name), 'utf8')
  const { nodes } = JSON.parse(read('topology.json')) as Topology
  const internalSecret = read('secrets/internal')
  return await Promise.all(
    nodes.map(async ({ address, redisPort }) => {
      const link = controlConnection({ host: address, port: redisPort, internalSecret })
      try {
        await eventually('it answers', 10_000, async () => {
          await link.ping()
          return true
        })
        const user = (await link.call('ACL', 'GETUSER', 'default')) as unknown[]
        return user[user.indexOf('passwords') + 1]
      } finally {
        link.disconnect()
      }
    }),
  )
}

test('a change of the password that is killed at any step, or meets a dying node, is finished by the next call', async (t) => {
  const deployment = await startDeployment(t)
  const secrets = join(deployment.stateDir, 'secrets')
  const { start } = commandLine(() => deployment.directory)
  const load = deployment.load({ ratePerSecond: 150 })
  await load.answered(50)
  const moments: readonly (readonly [string, (said: string) => boolean])[] = [
    ['the next one is written', () => existsSync(join(secrets, 'password.next'))],
    ['every node takes both', (said) => said.includes('takes both')],
    ['instances are replaced', (said) => said.includes('takes both') && /app-\d/.test(said)],
    ['every instance has it', (said) => said.includes('every instance has')],
    ['the old one is refused', (said) => said.includes('no node takes')],
  ]
  for (const [moment, isReached] of moments) {
    await deployment.healthy()
    const { password: old } = connectionOf(await deployment.mustDo('env'))
    const child = start(['rotate-password'])
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(moment, 60_000, () => isReached(said) || child.exitCode !== null || said)
    child.kill('SIGKILL')
    deployment.kill('redis-1')
    if (child.exitCode === null && child.signalCode === null) await exitOf(child)
    if (readdirSync(secrets).length > 2) await deployment.mustDo('rotate-password')
    const { password } = connectionOf(await deployment.mustDo('env'))
    assert.notEqual(password, old, moment)
    assert.deepEqual(readdirSync(secrets).toSorted(), ['internal', 'password'])
    const hash = createHash('sha256').update(password).digest('hex')
    assert.deepEqual(await passwordHashes(deployment), [[hash], [hash], [hash]], moment)
  }
  await load.answered(50)
  assert.deepEqual((await deployment.check(load)).errors, {})
})
