import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { controlChannel, recordKey } from '../../src/insync/record.ts'
import { renderAcl, sentinelAcl, updateAcl, type AclInput } from '../../src/render/acl.ts'
import { renderRedisConf } from '../../src/render/redis-conf.ts'
import { renderSentinelConf } from '../../src/render/sentinel-conf.ts'
import { parseSpec } from '../../src/spec/parse.ts'
import { buildTopology } from '../../src/topology/build.ts'
import { eventually } from '../harness/eventually.ts'

const topology = buildTopology(parseSpec('local: { network: 127.20.50.0/24 }\n', 'holdfast.yaml'), '/')
const [node] = topology.nodes
assert.ok(node !== undefined)
const password = 'clients-password'
const internalSecret = 'internal-secret'
const replicaSecret = 'replicas "secret" \\ with marks'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const acl: AclInput = {
  databases: topology.redis.databases,
  confined: true,
  passwordHashes: [sha256(password)],
  internalHash: sha256(internalSecret),
  hashes: {
    replica: sha256(replicaSecret),
    operator: sha256('of-operators'),
    gateway: sha256('of-gateways'),
    batch: sha256('of-batches'),
    default: sha256('back-to-default'),
  },
}

describe('the rendered files, read by the real servers', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-rendered-'))
  const children: ChildProcess[] = []
  const clients: Redis[] = []

  const start = (...argv: string[]): void => {
    children.push(spawn('redis-server', argv, { cwd: directory, stdio: 'ignore' }))
  }
  const connect = (username: string, secret: string, port = node.redisPort): Redis => {
    const client = new Redis({
      host: node.address,
      port,
      username,
      password: secret,
      enableReadyCheck: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 50,
    })
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }

  before(async () => {
    const aclFile = join(directory, 'users.acl')
    const conf = join(directory, 'redis.conf')
    writeFileSync(conf, renderRedisConf({ topology, node, dataDirectory: directory, aclFile, replicaSecret }))
    writeFileSync(aclFile, renderAcl(acl))
    start(conf)
    const admin = connect('holdfast', internalSecret)
    await eventually('redis-server answers', 10_000, async () => {
      await admin.ping()
      return true
    })
    // it is alone here, and is to take writes
    await admin.config('SET', 'min-replicas-to-write', '0')
  })

  after(async () => {
    for (const client of clients) client.disconnect()
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    rmSync(directory, { recursive: true, force: true })
  })

  test('clients can select every database below the record’s, and write', async () => {
    const client = connect('default', password)
    await eventually('connected', 5000, async () => ({ pong: await client.ping() }))
    const { databases, markersDb } = topology.redis
    for (let index = 0; index < databases; index++)
      assert.equal(await client.call('SELECT', String(index)), 'OK')
    assert.equal(await client.call('SET', 'x', '1'), 'OK')
    await assert.rejects(client.call('SELECT', String(markersDb)), /^ReplyError: NOPERM/)
    await assert.rejects(
      client.eval(`return redis.call('SELECT', ${markersDb})`, 0),
      /can't run this command/,
    )
  })

  test('no command of a client reaches what Holdfast keeps', async () => {
    const client = connect('default', password)
    const admin = connect('holdfast', internalSecret)
    const { markersDb } = topology.redis
    for (const each of [client, admin])
      await eventually('connected', 5000, async () => ({ pong: await each.ping() }))
    await admin.call('SELECT', String(markersDb))
    await admin.hset(recordKey, { epoch: '1' })
    await client.hset('mine', { epoch: '9' })
    for (const [command = '', ...args] of [
      ['COPY', 'mine', recordKey, 'DB', String(markersDb), 'REPLACE'],
      ['MOVE', 'mine', String(markersDb + 1)],
      ['SWAPDB', '0', String(markersDb)],
      ['FLUSHALL'],
      ['MIGRATE', node.address, String(node.redisPort), 'mine', String(markersDb), '1000'],
      ['CONFIG', 'GET', 'masterauth'],
      ['MONITOR'],
      ['PUBLISH', controlChannel, '{}'],
      ['PUBLISH', '__sentinel__:hello', 'a,b'],
      ['CLIENT', 'KILL', 'TYPE', 'replica'],
      ['RESTORE', 'other', '0', 'x'],
    ])
      await assert.rejects(client.call(command, ...args), /NOPERM|out of range/, command)
    assert.deepEqual(await admin.hgetall(recordKey), { epoch: '1' })
    await client.call('SELECT', '0')
    assert.equal(await client.call('COPY', 'mine', 'other', 'DB', '1'), 1)
    assert.equal(await client.call('COPY', 'mine', 'holdfas'), 1)
    assert.equal(await client.call('MOVE', 'mine', '1'), 1)
    assert.equal(await client.publish('holdfast:control', '').catch(() => 'refused'), 'refused')
    for (const channel of ['', 'news', 'holdfast', 'holdfast:heartbeat', '__sentinel__'])
      assert.equal(await client.publish(channel, ''), 0, channel)
  })

  test('what ordinary programs ask for they get', async () => {
    const admin = connect('holdfast', internalSecret)
    await eventually('connected', 5000, async () => ({ pong: await admin.ping() }))
    const dry = (user: string, ...command: string[]) => admin.call('ACL', 'DRYRUN', user, ...command)
    for (const allowed of [
      ['INFO'],
      ['ROLE'],
      ['KEYS', '*'],
      ['SORT', 'l'],
      ['FLUSHDB'],
      ['CLIENT', 'SETNAME', 'x'],
      ['CLIENT', 'UNBLOCK', '1'],
      ['ACL', 'WHOAMI'],
      ['COMMAND', 'DOCS'],
      ['SCRIPT', 'FLUSH'],
      ['FUNCTION', 'LIST'],
      ['CLUSTER', 'INFO'],
      ['PSUBSCRIBE', '*'],
      ['WAIT', '1', '0'],
    ])
      for (const user of ['default', 'holdfast-batch', 'operator'])
        assert.equal(await dry(user, ...allowed), 'OK', allowed.join(' '))
    for (const refused of [
      ['CONFIG', 'GET', 'x'],
      ['FLUSHALL'],
      ['DEBUG', 'SLEEP', '1'],
      ['SLOWLOG', 'GET'],
      ['SAVE'],
    ])
      for (const user of ['default', 'holdfast-batch'])
        assert.match(String(await dry(user, ...refused)), /no permissions/, refused.join(' '))
    for (const [user, may] of [
      ['default', false],
      ['holdfast-batch', true],
      ['holdfast-gateway', true],
      ['operator', true],
    ] as const)
      assert.equal((await dry(user, 'SELECT', String(topology.redis.markersDb))) === 'OK', may, user)
    for (const refused of [
      ['CONFIG', 'SET', 'dir', '/'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['ACL', 'SETUSER', 'x'],
      ['DEBUG', 'SEGFAULT'],
      ['CLIENT', 'KILL', 'ID', '1'],
      ['MODULE', 'LIST'],
    ])
      assert.match(String(await dry('holdfast-gateway', ...refused)), /no permissions/, refused.join(' '))
    for (const allowed of [
      ['CONFIG', 'GET', '*'],
      ['FLUSHALL'],
      ['CLIENT', 'LIST'],
      ['MONITOR'],
      ['SLOWLOG', 'GET'],
    ])
      assert.equal(await dry('operator', ...allowed), 'OK', allowed.join(' '))
  })

  test('users of another release become these, and the clients’ passwords stay', async () => {
    const admin = connect('holdfast', internalSecret)
    await eventually('connected', 5000, async () => ({ pong: await admin.ping() }))
    const described = async () =>
      ((await admin.call('ACL', 'LIST')) as string[]).filter(
        (line) => !line.startsWith('user holdfast-replica'),
      )
    const wanted = await described()
    await admin.call(
      'ACL',
      'SETUSER',
      'default',
      'reset',
      'on',
      `>${password}`,
      '~*',
      '&*',
      '+@all',
      '-debug',
    )
    await admin.call('ACL', 'DELUSER', 'operator', 'holdfast-gateway', 'holdfast-batch')
    for (let turn = 0; turn < 2; turn++) {
      for (const user of updateAcl(acl)) await admin.call('ACL', 'SETUSER', ...user)
      assert.deepEqual(await described(), wanted)
    }
  })

  test('there are seven users, and replication is switched off', async () => {
    const admin = connect('holdfast', internalSecret)
    const users = await eventually('users', 5000, async () => (await admin.call('ACL', 'LIST')) as string[])
    assert.deepEqual(users.map((user) => user.split(' ').slice(1, 3).join(' ')).toSorted(), [
      'default on',
      'holdfast on',
      'holdfast-batch on',
      'holdfast-gateway on',
      'holdfast-replica off',
      'holdfast-sentinel on',
      'operator on',
    ])
    await assert.rejects(
      async () => admin.call('AUTH', 'holdfast-replica', replicaSecret),
      /WRONGPASS|disabled/,
    )
  })

  test('Sentinel may promote and may not repoint', async () => {
    const admin = connect('holdfast', internalSecret)
    const dry = (...command: string[]) => admin.call('ACL', 'DRYRUN', 'holdfast-sentinel', ...command)
    await eventually('connected', 5000, async () => ({ pong: await admin.ping() }))
    for (const allowed of [['SLAVEOF', 'NO', 'ONE'], ['PING'], ['INFO'], ['ROLE'], ['SCRIPT', 'KILL']]) {
      assert.equal(await dry(...allowed), 'OK', allowed.join(' '))
    }
    for (const refused of [
      ['SLAVEOF', '127.20.50.2', '6379'],
      ['REPLICAOF', 'NO', 'ONE'],
      ['GET', 'x'],
      ['CONFIG', 'GET', '*'],
    ]) {
      assert.match(String(await dry(...refused)), /no permissions/, refused.join(' '))
    }
  })

  test('neither clients nor operators change who replicates whom, nor users', async () => {
    const admin = connect('holdfast', internalSecret)
    await eventually('connected', 5000, async () => ({ pong: await admin.ping() }))
    const commands = [
      ['REPLICAOF', 'NO', 'ONE'],
      ['SLAVEOF', 'NO', 'ONE'],
      ['PSYNC', '?', '-1'],
      ['SHUTDOWN', 'NOSAVE'],
      ['ACL', 'SETUSER', 'default', 'nopass'],
    ]
    for (const user of ['default', 'operator'])
      for (const command of commands)
        assert.match(String(await admin.call('ACL', 'DRYRUN', user, ...command)), /no permissions/)
    assert.deepEqual(await admin.config('GET', 'masterauth'), ['masterauth', replicaSecret])
  })

  test('a sentinel starts with its file and watches that node', async () => {
    const conf = join(directory, 'sentinel.conf')
    const text = renderSentinelConf({
      topology,
      node,
      primary: node,
      id: '12'.repeat(20),
      internalSecret: internalSecret,
      internalHash: sha256(internalSecret),
      gatewayUser: sentinelAcl(acl.hashes.gateway),
      directory,
      epochs: { current: 3, leader: 3, config: 2 },
    })
    writeFileSync(conf, text)
    start(conf, '--sentinel')
    const sentinel = connect('holdfast', internalSecret, node.sentinelPort)
    const asking = connect('holdfast-gateway', 'of-gateways', node.sentinelPort)
    await eventually('connected', 5000, async () => ({ pong: await asking.ping() }))
    assert.ok(Array.isArray(await asking.call('SENTINEL', 'MASTER', topology.name)))
    for (const [command = '', ...args] of [
      ['SENTINEL', 'FAILOVER', topology.name],
      ['SENTINEL', 'SET', topology.name, 'quorum', '1'],
      ['SENTINEL', 'CONFIG', 'GET', '*'],
      ['ACL', 'LIST'],
    ])
      await assert.rejects(asking.call(command, ...args), /NOPERM/, command)
    await eventually('the sentinel sees a healthy primary', 10_000, async () => {
      const flat = (await sentinel.call('SENTINEL', 'MASTER', topology.name)) as string[]
      const field = (name: string) => flat[flat.indexOf(name) + 1] ?? ''
      const seen = `${field('ip')}:${field('port')} ${field('flags')} epoch ${field('config-epoch')}`
      return seen === `${node.address}:${String(node.redisPort)} master epoch 2` ? true : seen
    })
  })
})
