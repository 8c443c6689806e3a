import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { renderAcl } from '../../src/render/acl.ts'
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
    writeFileSync(
      aclFile,
      renderAcl({
        passwordHashes: [sha256(password)],
        internalHash: sha256(internalSecret),
        replicaHash: sha256(replicaSecret),
      }),
    )
    start(conf)
    const admin = connect('holdfast', internalSecret)
    await eventually('redis-server answers', 10_000, async () => {
      await admin.ping()
      return true
    })
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

  test('clients can select every database up to the record’s, and write', async () => {
    const client = connect('default', password)
    assert.equal(
      await eventually('connected', 5000, async () => ({ pong: await client.ping() })).then(
        ({ pong }) => pong,
      ),
      'PONG',
    )
    const refused = client.call('SELECT', String(topology.redis.markersDb + 1))
    await assert.rejects(refused, /out of range/)
    assert.equal(await client.call('SELECT', String(topology.redis.markersDb)), 'OK')
  })

  test('there are four users, and replication is switched off', async () => {
    const admin = connect('holdfast', internalSecret)
    const users = await eventually('users', 5000, async () => (await admin.call('ACL', 'LIST')) as string[])
    assert.deepEqual(users.map((user) => user.split(' ').slice(1, 3).join(' ')).toSorted(), [
      'default on',
      'holdfast on',
      'holdfast-replica off',
      'holdfast-sentinel on',
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

  test('who knows only the password cannot change who replicates whom, nor users', async () => {
    const admin = connect('holdfast', internalSecret)
    await eventually('connected', 5000, async () => ({ pong: await admin.ping() }))
    const commands = [
      ['REPLICAOF', 'NO', 'ONE'],
      ['SLAVEOF', 'NO', 'ONE'],
      ['PSYNC', '?', '-1'],
      ['SHUTDOWN', 'NOSAVE'],
      ['ACL', 'SETUSER', 'default', 'nopass'],
    ]
    for (const command of commands) {
      assert.match(String(await admin.call('ACL', 'DRYRUN', 'default', ...command)), /no permissions/)
    }
    assert.equal(await admin.call('ACL', 'DRYRUN', 'default', 'SET', 'x', '1'), 'OK')
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
      directory,
      epochs: { current: 3, leader: 3, config: 2 },
    })
    writeFileSync(conf, text)
    start(conf, '--sentinel')
    const sentinel = connect('holdfast', internalSecret, node.sentinelPort)
    await eventually('the sentinel sees a healthy primary', 10_000, async () => {
      const flat = (await sentinel.call('SENTINEL', 'MASTER', topology.name)) as string[]
      const field = (name: string) => flat[flat.indexOf(name) + 1] ?? ''
      const seen = `${field('ip')}:${field('port')} ${field('flags')} epoch ${field('config-epoch')}`
      return seen === `${node.address}:${String(node.redisPort)} master epoch 2` ? true : seen
    })
  })
})
