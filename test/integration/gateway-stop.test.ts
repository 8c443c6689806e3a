import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

let group: RedisGroup
let gateway: Gateway

beforeEach(async () => {
  group = new RedisGroup({ block: 66 })
  await group.start()
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  await eventually('a primary', 10_000, () => gateway.status().reachable || 'none')
})

afterEach(async () => {
  await gateway.stop(0)
  await group.stop()
})

const open = async (): Promise<RawClient> => {
  const { host, port } = group.topology.gateway
  const client = await RawClient.open(host, port, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

const ended = (client: RawClient): Promise<true> =>
  eventually('its connection ends', 10_000, () => client.closed || client.received)

test('what is in flight is answered before its connection ends; the idle are closed at once, nobody is let in', async () => {
  const [busy, idle] = [await open(), await open()]
  busy.send('INCR stopped\r\n')
  await busy.expect(':1\r\n')
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGSTOP')
  busy.send('INCR stopped\r\nINCR stopped\r\n')
  await eventually('it ran on the primary', 5000, async () => {
    const value = await countOnPrimary()
    return value === '3' || String(value)
  })
  await eventually(
    'it is told so',
    5000,
    () => gateway.status().unconfirmed === 2 || JSON.stringify(gateway.status()),
  )

  const stopped = gateway.stop(30_000)
  await ended(idle)
  await assert.rejects(open(), /ECONNREFUSED/)
  const { adminHost, adminPort } = group.topology.gateway
  const ready = await fetch(`http://${adminHost}:${String(adminPort)}/ready`)
  assert.equal(`${String(ready.status)} ${await ready.text()}`, '503 it is stopping\n')
  assert.deepEqual([busy.closed, busy.received], [false, ''])

  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGCONT')
  await busy.expect(':2\r\n:3\r\n')
  await ended(busy)
  assert.deepEqual([busy.received, idle.received], ['', ''])
  await stopped
})

test('who waits for a message or an element is closed, without an error and without being waited for', async () => {
  const [subscriber, blocked, queueing, untidy] = [await open(), await open(), await open(), await open()]
  subscriber.send('SUBSCRIBE channel\r\n')
  await subscriber.expect('*3\r\n$9\r\nsubscribe\r\n$7\r\nchannel\r\n:1\r\n')
  blocked.send('BLPOP nothing-there 0\r\n')
  queueing.send('MULTI\r\nINCR never\r\n')
  await queueing.expect('+OK\r\n+QUEUED\r\n')
  untidy.send('*2\r\n$3\r\nGE')
  await gateway.stop(60_000)
  for (const client of [subscriber, blocked, queueing, untidy]) {
    await ended(client)
    assert.equal(client.received, '')
  }
  assert.equal(await countOnPrimary('never'), null)
})

test('its markers are gone from the primary', async () => {
  const client = await open()
  client.send('INCR marked\r\n')
  await client.expect(':1\r\n')
  const markers = (): Promise<unknown> => group.ask(0, ['KEYS', 'holdfast:marker:*'])
  assert.notDeepEqual(await markers(), [])
  await gateway.stop(5000)
  assert.deepEqual(await markers(), [])
})

/** As the nodes' own user, in the clients' first database. */
function countOnPrimary(key = 'stopped'): Promise<unknown> {
  const script = "redis.call('SELECT', 0) return redis.call('GET', KEYS[1])"
  return group.ask(0, ['EVAL', script, '1', key])
}
