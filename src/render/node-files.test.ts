import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertGolden } from '../../test/harness/golden.ts'
import { parseSpec } from '../spec/parse.ts'
import { buildTopology } from '../topology/build.ts'
import { renderAcl } from './acl.ts'
import { renderRedisConf } from './redis-conf.ts'
import { renderSentinelConf } from './sentinel-conf.ts'

const spec = parseSpec('redis: { maxmemory: 256mb }\nlocal: { network: 127.44.9.0/24 }\n', 'holdfast.yaml')
const topology = buildTopology(spec, '/srv/app')
const [primary, node] = topology.nodes
assert.ok(primary !== undefined && node !== undefined)
const hash = 'ab'.repeat(32)

const redisConf = (dataDirectory: string): string =>
  renderRedisConf({
    topology,
    node,
    dataDirectory,
    aclFile: '/var/lib/holdfast/users.acl',
    replicaSecret: 'rep"li\\ca',
  })

const files: Readonly<Record<string, () => string>> = {
  'redis.conf': () => redisConf('/var/lib/hold fast/data'),
  'users.acl': () =>
    renderAcl({ passwordHashes: [hash], internalHash: 'cd'.repeat(32), replicaHash: 'ef'.repeat(32) }),
  'sentinel.conf': () =>
    renderSentinelConf({
      topology,
      node,
      primary,
      id: '12'.repeat(20),
      internalSecret: 'internal',
      internalHash: hash,
      directory: '/var/lib/hold fast',
      epochs: { current: 7, leader: 7, config: 6 },
    }),
}

describe('a node’s files', () => {
  for (const [name, render] of Object.entries(files)) {
    test(`${name} is as agreed, and the same every time`, () => {
      assertGolden(name, render())
      assert.equal(render(), render())
    })
  }

  test('behind a name it listens on every address, and the sentinels go by names', () => {
    const address = 'counter-redis-1.counter-redis.counter.svc.cluster.local'
    const named = { ...node, address }
    const server = renderRedisConf({
      topology,
      node: named,
      dataDirectory: '/data',
      aclFile: '/users.acl',
      replicaSecret: 'x',
    })
    assert.match(server, /^bind \* -::\*$/m)
    assert.doesNotMatch(server, /^bind-source-addr/m)
    assert.match(server, new RegExp(`^replica-announce-ip ${address}$`, 'm'))
    const sentinel = renderSentinelConf({
      topology,
      node: named,
      primary: named,
      id: '12'.repeat(20),
      internalSecret: 'internal',
      internalHash: hash,
      directory: '/data',
      epochs: { current: 0, leader: 0, config: 0 },
    })
    assert.match(sentinel, /^bind \* -::\*$/m)
    assert.match(sentinel, /^sentinel resolve-hostnames yes$/m)
    assert.match(sentinel, /^sentinel announce-hostnames yes$/m)
    assert.match(sentinel, new RegExp(`^sentinel monitor counter ${address} 6379 2$`, 'm'))
  })

  test('redis.conf never says who is primary', () => {
    assert.doesNotMatch(redisConf('/data'), /^(replicaof|slaveof|replica-priority)/m)
  })

  test('a path cannot end its line or its quotes', () => {
    assert.match(redisConf('/a"b\\c'), /^dir "\/a\\"b\\\\c"$/m)
  })
})
