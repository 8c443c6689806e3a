import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { recordKey } from '../../src/insync/record.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ holdMs: 2500 })
const { host, port } = group.topology.gateway
let gateway: Gateway
let stopGateway = (): Promise<void> => Promise.resolve()

const raw = async (): Promise<RawClient> => {
  const client = await RawClient.open(host, port, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

/** The tests of this file are one story: each begins where the one before left the group. */
before(async () => {
  await group.start({ record: false })
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  stopGateway = () => gateway.stop(100)
})

after(async () => {
  await stopGateway().finally(() => group.stop())
})

test('no gate has passed: connections are accepted and parked, past hold they are told that nothing ran', async () => {
  const early = await RawClient.open(host, port)
  early.send(`AUTH ${clientPassword}\r\n`)
  await early.expect('-TRYAGAIN no primary could be reached in time; this command did not run\r\n')
  const parked = await RawClient.open(host, port)
  parked.send(`AUTH ${clientPassword}\r\nINCR first\r\n`)
  await eventually('parked', 2000, () => gateway.status().parked > 0 || 'not')
  await group.writeRecord(0, { number: 5, node: 0 })
  await parked.expect('+OK\r\n:1\r\n')
  parked.destroy()
})

test('sentinels all silent while the primary is well: it goes on', async () => {
  for (const node of [0, 1, 2]) group.signalSentinel(node, 'SIGSTOP')
  await eventually('silence', 5000, () => gateway.status().sentinels.every((one) => one === null) || 'heard')
  const client = await raw()
  client.send('INCR first\r\n')
  await client.expect(':2\r\n')
  for (const node of [0, 1, 2]) group.signalSentinel(node, 'SIGCONT')
  client.destroy()
})

test('a replica that hangs leaves the in-sync set, and answers go on', async () => {
  const client = await raw()
  group.signalRedis(2, 'SIGSTOP')
  client.send('INCR first\r\n')
  await client.expect(':3\r\n', 2400)
  assert.equal(await group.ask(0, ['HGET', recordKey, 'members']), '1')
  group.signalRedis(2, 'SIGCONT')
  client.destroy()
})

test('no member left: nothing is answered, past hold it is said to be uncertain', async () => {
  const client = await raw()
  group.signalRedis(1, 'SIGSTOP')
  client.send('INCR first\r\nGET first\r\n')
  const words =
    '-UNCERTAIN this command ran, but the in-sync set did not confirm it in time; it may yet be lost\r\n'
  await client.expect(words.repeat(2))
  group.signalRedis(1, 'SIGCONT')
  client.send('GET first\r\n')
  await client.expect('$1\r\n4\r\n')
  client.destroy()
})

test('an epoch that goes back is never followed', async () => {
  const client = await raw()
  await group.writeRecord(0, { number: 4, node: 0 })
  client.send('INCR second\r\n')
  await eventually(
    'given up',
    2000,
    () => gateway.status().primary === null || JSON.stringify(gateway.status()),
  )
  await client.expect(
    '-UNCERTAIN the primary was lost while this command was in flight; it may or may not have run\r\n',
  )
  client.send('INCR second\r\n')
  await client.expect('-TRYAGAIN no primary could be reached in time; this command did not run\r\n')
  client.send('INCR third\r\n')
  await group.writeRecord(0, { number: 6, node: 0 })
  await client.expect(':1\r\n')
  client.destroy()
})

test('a command that the primary refuses for now is sent again, not failed', async () => {
  const client = await raw()
  await group.ask(0, ['CONFIG', 'SET', 'min-replicas-to-write', '5'])
  client.send('INCR refused\r\nGET refused\r\n')
  await eventually('parked', 2000, () => gateway.status().parked > 0 || JSON.stringify(gateway.status()))
  assert.equal(client.received, '')
  client.send('MULTI\r\nINCR refused\r\nEXEC\r\n')
  await group.ask(0, ['CONFIG', 'SET', 'min-replicas-to-write', '0'])
  await client.expect(':1\r\n$1\r\n1\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n')
  await group.ask(0, ['CONFIG', 'SET', 'min-replicas-to-write', '5'])
  client.send('INCR refused\r\n')
  await client.expect('-TRYAGAIN')
  client.destroy()
  await group.ask(0, ['CONFIG', 'SET', 'min-replicas-to-write', '0'])
})

test('a failover: what was not sent moves over in order, with the session, and so does a transaction that is being queued', async () => {
  const moving = await raw()
  moving.send('SELECT 4\r\nCLIENT SETNAME mover\r\nSET place 4\r\n')
  await moving.expect('+OK\r\n+OK\r\n+OK\r\n')
  const queueing = await raw()
  queueing.send('MULTI\r\nSET queued 1\r\n')
  await queueing.expect('+OK\r\n+QUEUED\r\n')
  group.signalRedis(0, 'SIGKILL')
  await eventually('noticed', 2000, () => !gateway.status().reachable || 'not')
  moving.send('INCR a\r\nINCR a\r\nGET place\r\nCLIENT GETNAME\r\n')
  const fresh = await RawClient.open(host, port)
  fresh.send(`AUTH ${clientPassword}\r\nINCR first\r\n`)
  await group.failover(1, 7, [0])
  await moving.expect(':1\r\n:2\r\n$1\r\n4\r\n$5\r\nmover\r\n', 2400)
  await fresh.expect('+OK\r\n:5\r\n')
  queueing.send('EXEC\r\nGET queued\r\n')
  await queueing.expect('*1\r\n+OK\r\n$1\r\n1\r\n')
  assert.equal(gateway.status().primary, 'redis-1')
  assert.equal(gateway.status().epoch, '7.1')
  moving.destroy()
  fresh.destroy()
})

test('a primary that hangs with commands in flight: they run once, on the next', async () => {
  group.startRedis(0, 1)
  await group.settled(1)
  await group.sentinelsName(1)
  const client = await raw()
  group.signalRedis(1, 'SIGSTOP')
  client.send('INCR first\r\n')
  await eventually('stalled', 2000, () => !gateway.status().reachable || JSON.stringify(gateway.status()))
  client.send('INCR unsent\r\n')
  await group.failover(2, 8, [1])
  await client.expect(':6\r\n:1\r\n')
  client.send('GET first\r\n')
  await client.expect('$1\r\n6\r\n')
  group.signalRedis(1, 'SIGCONT')
  client.send('GET first\r\n')
  await client.expect('$1\r\n6\r\n')
  assert.equal(gateway.status().epoch, '8.2')
  client.destroy()
})
