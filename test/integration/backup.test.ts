import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { writeBackup } from '../../src/backup/format.ts'
import { readFileWhole } from '../../src/backup/read-file.ts'
import { connectionOf, startDeployment, type TestDeployment } from '../harness/deployment.ts'

async function* only(bytes: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(bytes, 'latin1'))
}

async function refused(deployment: TestDeployment, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await deployment.holdfast(...args)
  assert.equal(code, 2, `${stdout}${stderr}`)
  assert.equal(stdout, '')
  return stderr
}

test('a backup under load has everything answered before it began; restored, counting goes on from there', async (t) => {
  const deployment = await startDeployment(t, 'app: { env: { API_KEY: only-for-the-app }, port: 17311 }')
  const file = join(deployment.directory, 'one.backup')
  let client = await connect(deployment)
  t.after(() => {
    client.disconnect()
  })
  const before = (...words: readonly [string, ...string[]]) => client.call(...words)
  await before('SET', 'text', 'ä€ \r\n')
  await before('RPUSH', 'list', 'a', 'b')
  await before('ZADD', 'scores', '1.5', 'm')
  await before('XADD', 'stream', '7-1', 'f', 'v')
  await before('SET', 'volatile', 'v', 'EX', '10000')
  await before('SET', 'gone soon', 'v', 'PX', '1')
  await before('FUNCTION', 'LOAD', "#!lua name=own\nredis.register_function('f', function() return 7 end)")

  const load = deployment.load({ ratePerSecond: 300 })
  await load.answered(200)
  const answered = new Map<string, number>()
  for (const { id, outcome } of load.history) {
    if (outcome.kind === 'ok') answered.set(id, Math.max(outcome.answer, answered.get(id) ?? 0))
  }
  await deployment.mustDo('backup', file)
  await load.answered(50)
  assert.deepEqual((await deployment.check(load)).errors, {})

  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(deployment.directory).filter((name) => name.includes('partial')),
    [],
  )
  const bytes = await readFile(file, 'latin1')
  for (const name of ['password', 'internal']) {
    const secret = await readFile(join(deployment.stateDir, 'secrets', name), 'latin1')
    assert.equal(bytes.includes(secret), false, `the secret ${name} is in the backup`)
  }
  assert.equal(bytes.includes('only-for-the-app'), false)

  await t.test('what is no whole backup of this format is refused, and nothing is touched', async () => {
    const { primary, epoch } = await deployment.status()
    const other = join(deployment.directory, 'other.backup')
    const whole = await readFile(file)
    const manifest = await readFileWhole(file, AbortSignal.timeout(5000))
    const cases: readonly (readonly [Buffer | string, RegExp])[] = [
      [whole.subarray(0, whole.length - 1), /cut off/],
      [Buffer.concat([whole.subarray(0, -40), Buffer.alloc(40)]), /checksum/],
      [bytes.slice(bytes.indexOf('REDIS0')), /RDB file of Redis itself/],
      ['HOLDFAST-BACKUP 2\n', /newer release/],
      [await collect(writeBackup(manifest, only('REDIS0099and what comes then'))), /newer Redis/],
      [await collect(writeBackup(manifest, only('REDIS0010\u00fe\u0000'))), /does not load/],
    ]
    for (const [content, reason] of cases) {
      await writeFile(other, content)
      assert.match(await refused(deployment, 'restore', other, '--overwrite'), reason)
    }
    assert.match(await refused(deployment, 'restore', join(deployment.directory, 'none')), /is no file/)
    assert.match(await refused(deployment, 'restore', file), /data in .* already.*--overwrite/s)
    assert.match(await refused(deployment, 'backup', file), /exists already/)
    const now = await deployment.status()
    assert.deepEqual([now.primary, now.epoch, now.state], [primary, epoch, 'healthy'])
    assert.equal(existsSync(join(deployment.stateDir, 'restore')), false)
  })

  await t.test('in the same deployment: a new reign, and what was there is put aside', async () => {
    await deployment.mustDo('switchover')
    const { epoch } = await deployment.healthy()
    await deployment.mustDo('redis-cli', 'set', 'since then', 'v')
    await deployment.mustDo('restore', file, '--overwrite')
    await checkContents()
    assert.ok((await deployment.healthy()).epoch > epoch)
    assert.equal(
      readdirSync(deployment.stateDir).filter((name) => name.startsWith('nodes.before-')).length,
      1,
    )
  })

  await t.test('in a new deployment, which has a password of its own', async () => {
    await deployment.mustDo('down', '--purge', '--yes')
    const said = JSON.parse(await deployment.mustDo('restore', file, '--json')) as {
      keys: number
      aside: null
    }
    assert.equal(said.aside, null)
    assert.ok(said.keys >= answered.size + 5)
    await checkContents()
  })

  async function checkContents(): Promise<void> {
    client.disconnect()
    client = await connect(deployment)
    const call = (...words: readonly [string, ...string[]]) => client.call(...words)
    assert.equal(await call('GET', 'text'), 'ä€ \r\n')
    assert.deepEqual(await call('LRANGE', 'list', '0', '-1'), ['a', 'b'])
    assert.equal(await call('ZSCORE', 'scores', 'm'), '1.5')
    assert.deepEqual(await call('XRANGE', 'stream', '-', '+'), [['7-1', ['f', 'v']]])
    assert.ok(Number(await call('TTL', 'volatile')) > 9000)
    assert.equal(await call('GET', 'gone soon'), null)
    assert.equal(await call('GET', 'since then'), null)
    assert.equal(await call('FCALL', 'f', '0'), 7)
    for (const [id, count] of answered) {
      const now = await deployment.get(id)
      assert.ok(
        now > count,
        `${id}: ${String(count)} was answered before the backup, ${String(now)} comes after it`,
      )
    }
  }
})

async function connect(deployment: TestDeployment): Promise<Redis> {
  const options = { maxRetriesPerRequest: 0, retryStrategy: null }
  const client = new Redis({ ...connectionOf(await deployment.mustDo('env')), ...options })
  client.on('error', () => undefined)
  return client
}

async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}
