import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandLine, exitOf } from '../../harness/command-line.ts'
import { startDeployment, type TestDeployment } from '../../harness/deployment.ts'
import { eventually } from '../../harness/eventually.ts'

/** Values that cannot be made smaller: 30 MB of them take a moment to be sent. */
async function fill(deployment: TestDeployment): Promise<void> {
  const script = `for i=ARGV[1]*500,ARGV[1]*500+499 do local s={} for j=1,250 do s[j]=redis.sha1hex(i..':'..j) end
    redis.call('SET','large '..i,table.concat(s)) end return 1`
  for (let part = 0; part < 6; part += 1)
    await deployment.mustDo('redis-cli', 'eval', script, '0', String(part))
}

test('a backup or restore that is interrupted or killed leaves the old data or the new, whole, and no half file', async (t) => {
  const deployment = await startDeployment(t)
  const { directory, stateDir } = deployment
  const { start } = commandLine(() => directory)
  const file = join(directory, 'large.backup')
  const partial = () => readdirSync(directory).filter((name) => name.endsWith('.partial'))
  await fill(deployment)
  await deployment.get('hello')

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const) {
    const before = partial().length
    const child = start(['backup', file])
    await eventually('it writes', 20_000, () => partial().length > before || 'no file')
    child.kill(signal)
    assert.equal(await exitOf(child), exitCode)
    assert.equal(existsSync(file), false)
    assert.equal(partial().length, signal === 'SIGINT' ? before : before + 1)
  }
  await deployment.mustDo('backup', file)
  await deployment.mustDo('restore', file, '--check')
  assert.equal(await deployment.get('hello'), 2)

  const { primary } = await deployment.healthy()
  const asked = primary === 'redis-0' ? 'redis-1' : 'redis-0'
  const second = join(directory, 'second.backup')
  const left = partial().length
  const child = start(['backup', second])
  let told = ''
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  await eventually('it writes', 20_000, () => partial().length > left || 'no file')
  deployment.kill(asked)
  assert.equal(await exitOf(child), 0, told)
  assert.match(told, new RegExp(`${asked} did not give its data`))
  await deployment.mustDo('restore', second, '--check')
  await deployment.healthy()

  const data = join(stateDir, 'restore/nodes/0/data/backup.rdb')
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const child = start(['restore', file, '--overwrite'])
    await eventually('it loads the data', 20_000, () => existsSync(data) || 'no file')
    child.kill(signal)
    await exitOf(child)
    assert.equal((await deployment.healthy()).state, 'healthy')
  }
  assert.equal(await deployment.get('hello'), 3)

  for (const said of ['stopping what runs', 'the data is in its place']) {
    const child = start(['restore', file, '--overwrite'])
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await eventually(said, 40_000, () => text.includes(said) || text)
    child.kill('SIGKILL')
    await exitOf(child)
    await deployment.mustDo('up')
    await deployment.healthy()
    assert.equal(await deployment.get('hello'), said === 'stopping what runs' ? 4 : 2)
  }
  assert.equal(existsSync(join(stateDir, 'restore')), false)
})
