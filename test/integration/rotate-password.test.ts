import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeCommand } from '../../src/resp/encode.ts'
import { CountingClient } from '../harness/counting-client.ts'
import { connectionOf, startDeployment, type TestDeployment } from '../harness/deployment.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'

async function login(deployment: TestDeployment, password: string): Promise<string> {
  const { host, port } = connectionOf(await deployment.mustDo('env'))
  const client = await RawClient.open(host, port)
  try {
    client.send(encodeCommand(['AUTH', password]).toString('latin1'))
    return await eventually('an answer', 10_000, () =>
      client.received.endsWith('\r\n') ? { words: client.received.trim() } : client.received,
    ).then(({ words }) => words)
  } finally {
    client.destroy()
  }
}

test('the password is changed under load without an error; who is logged in stays, and the old one opens nothing', async (t) => {
  const deployment = await startDeployment(t)
  const secrets = join(deployment.stateDir, 'secrets')
  const { host, port, password: old } = connectionOf(await deployment.mustDo('env'))
  const load = deployment.load({ ratePerSecond: 200 })
  const client = new CountingClient(host, port, 'counted', old)
  await load.answered(50)
  const parts = /^(agent|redis|sentinel)-|^gateway$/
  const pids = () =>
    deployment
      .processes()
      .filter(({ component }) => parts.test(component))
      .map(({ component, pid }) => `${component} ${String(pid)}`)
      .toSorted()
  const before = pids()

  assert.match(await deployment.mustDo('rotate-password', '--keep-old'), /the old one is valid, too/)
  const { password } = connectionOf(await deployment.mustDo('env'))
  assert.notEqual(password, old)
  assert.equal(await login(deployment, old), '+OK')
  assert.equal(await login(deployment, password), '+OK')
  await deployment.mustDo('switchover')
  assert.equal(client.fault, '')
  await deployment.healthy()

  await deployment.mustDo('rotate-password')
  assert.equal(connectionOf(await deployment.mustDo('env')).password, password)
  assert.match(await login(deployment, old), /WRONGPASS/)
  assert.equal(await login(deployment, password), '+OK')
  assert.deepEqual(pids(), before, 'servers, agents and the gateway go on running')
  await client.stop()
  assert.equal(client.fault, '')

  deployment.kill(`redis-${String((await deployment.healthy()).epoch % 3)}`)
  await load.answered(50)
  await deployment.healthy()
  assert.match(await login(deployment, old), /WRONGPASS/)
  assert.equal(await login(deployment, password), '+OK')
  assert.deepEqual((await deployment.check(load)).errors, {})
  assert.deepEqual(readdirSync(secrets).toSorted(), ['internal', 'password'])

  await t.test('one of the user’s own: up refuses it, rotate-password takes it up', async () => {
    const spec = join(deployment.directory, 'holdfast.yaml')
    writeFileSync(join(deployment.directory, 'mine'), 'a password of mine\n')
    await writeFile(spec, `${await readFile(spec, 'utf8')}\nredis: { password: { file: mine } }\n`)
    const { code, stderr } = await deployment.holdfast('up')
    assert.equal(code, 2)
    assert.match(stderr, /rotate-password/)
    await deployment.mustDo('rotate-password')
    assert.equal(connectionOf(await deployment.mustDo('env')).password, 'a password of mine')
    assert.match(await login(deployment, password), /WRONGPASS/)
    assert.match(await deployment.mustDo('rotate-password'), /already: nothing to do/)
    assert.match((await deployment.holdfast('up')).stderr, /nothing to do/)
    for (const name of readdirSync(join(deployment.stateDir, 'logs'))) {
      const text = readFileSync(join(deployment.stateDir, 'logs', name), 'latin1')
      for (const secret of [old, password, 'a password of mine'])
        assert.equal(text.includes(secret), false, name)
    }
  })
})
