import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { Wire } from './scriptable/wire.ts'

const byScript = (call: readonly string[]): readonly string[] => [
  'EVAL',
  'return {redis.pcall(unpack(ARGV))}',
  '0',
  ...call,
]
const set = ['SET', 'key', 'value']

/** Batches know by these words that nothing ran, so a script has to use the ones that a direct call does. */
describe('what Redis says within a script when it refuses', () => {
  let server: BareRedis
  let wire: Wire
  before(async () => {
    server = await startBareRedis({ host: '127.61.0.2' })
  })
  after(() => server.stop())
  beforeEach(async () => {
    wire = await Wire.open(server.host, server.port)
  })

  afterEach(() => wire[Symbol.dispose]())

  async function configure(name: string, value: string): Promise<void> {
    assert.equal(await wire.one('CONFIG', 'SET', name, value), '+OK\r\n')
  }

  /** Asserts that a script's answer to `call` begins with the code and is the direct one. */
  async function assertSameRefusal(code: string, call: readonly string[]): Promise<void> {
    const direct = await wire.one(...call)
    assert.ok(direct.startsWith(`-${code} `), direct)
    assert.equal(await wire.one(...byScript(call)), `*1\r\n${direct}`)
  }

  test('WRONGTYPE', async () => {
    await wire.one('RPUSH', 'list', 'a')
    await assertSameRefusal('WRONGTYPE', ['INCR', 'list'])
  })

  test('READONLY', async () => {
    await wire.one('REPLICAOF', server.host, '1')
    await assertSameRefusal('READONLY', set)
    await configure('replica-serve-stale-data', 'no')
    // no script runs at all
    assert.match(await wire.one(...byScript(['GET', 'key'])), /^-MASTERDOWN /)
    await configure('replica-serve-stale-data', 'yes')
    await wire.one('REPLICAOF', 'NO', 'ONE')
  })

  test('NOREPLICAS', async () => {
    await configure('min-replicas-to-write', '1')
    await assertSameRefusal('NOREPLICAS', set)
    await configure('min-replicas-to-write', '0')
  })

  test('OOM, and only for the first write of a script', async () => {
    await configure('maxmemory', '1')
    await assertSameRefusal('OOM', set)
    const script =
      "return {redis.pcall('SADD','nokey','a') , redis.pcall('DEL','nokey'), redis.pcall('SET','k','v')}"
    assert.match(await wire.one('EVAL', script, '0'), /^\*3\r\n-OOM [^\r]*\r\n:0\r\n\+OK\r\n$/)
    await configure('maxmemory', '0')
  })

  test('MISCONF', async () => {
    const reply = await wire.one('CONFIG', 'GET', 'dir')
    const directory = reply.split('\r\n').at(-2) ?? ''
    // a directory where the snapshot belongs
    await mkdir(join(directory, 'dump.rdb'))
    await configure('save', '3600 1')
    await wire.one(...set)
    await wire.one('BGSAVE')
    await eventually('the snapshot fails', 10_000, async () => {
      const info = await wire.one('INFO', 'persistence')
      return info.includes('rdb_last_bgsave_status:err') ? 0 : info
    })
    await assertSameRefusal('MISCONF', set)
    await configure('save', '')
    assert.equal(await wire.one(...set), '+OK\r\n')
  })

  test('a user without the right is told so in other words', async () => {
    await wire.one('ACL', 'SETUSER', 'someone', 'on', '>secret', '~own:*', '&own', '+@all', '-incr')
    assert.equal(await wire.one('AUTH', 'someone', 'secret'), '+OK\r\n')
    for (const call of [
      ['INCR', 'own:n'],
      ['GET', 'key'],
      ['MGET', 'own:n', 'key'],
      ['PUBLISH', 'other', 'x'],
    ]) {
      assert.match(await wire.one(...call), /^-NOPERM /)
      assert.match(
        await wire.one(...byScript(call)),
        /^\*1\r\n-(ERR The user executing the script can't|NOPERM) /,
      )
    }
  })

  test('SELECT holds until the script ends, however it ends', async () => {
    const script = "redis.call('SELECT','3') redis.call('SET','here','1') return {redis.pcall('SELECT','99')}"
    assert.equal(await wire.one('EVAL', script, '0'), '*1\r\n-ERR DB index is out of range\r\n')
    assert.match(await wire.one('EVAL', "redis.call('SELECT','3') error('x')", '0'), /^-ERR /)
    assert.equal(await wire.one('EXISTS', 'here'), ':0\r\n')
    await wire.one('SELECT', '3')
    assert.equal(await wire.one('EXISTS', 'here'), ':1\r\n')
  })
})
