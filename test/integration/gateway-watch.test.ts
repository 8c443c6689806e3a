import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { controlChannel } from '../../src/insync/record.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

interface Scene {
  readonly group: RedisGroup
  readonly gateway: Gateway
  readonly connect: () => Promise<RawClient>
}

async function start(t: TestContext): Promise<Scene> {
  const group = new RedisGroup({ block: 63 })
  t.after(() => group.stop())
  await group.start()
  const gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  t.after(() => gateway.stop(100))
  const { host, port } = group.topology.gateway
  const connect = async () => {
    const client = await RawClient.open(host, port, clientPassword)
    await client.expect('+OK\r\n')
    return client
  }
  return { group, gateway, connect }
}

test('an EXEC that was refused for a moment has dropped its WATCH: it is null, and overwrites nothing', async (t) => {
  const { group, connect } = await start(t)
  const { nodes } = group.topology
  const { user: username, password } = internalCredentials
  const primary = new Redis({ host: nodes[0]?.address ?? '', username, password })
  t.after(() => {
    primary.disconnect()
  })
  const client = await connect()
  client.send('WATCH k\r\nMULTI\r\nSET k first\r\nEXEC\r\nWATCH k\r\nGET k\r\n')
  await client.expect('+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n+OK\r\n$5\r\nfirst\r\n')

  // As right after a failover, before the replicas have come.
  await primary.config('SET', 'min-replicas-to-write', '3')
  await primary.config('RESETSTAT')
  client.send('MULTI\r\nSET k second\r\nEXEC\r\n')
  await client.expect('+OK\r\n+QUEUED\r\n')
  await eventually('it was refused', 2000, async () => {
    const errors = await primary.info('errorstats')
    return errors.includes('errorstat_NOREPLICAS') || errors
  })
  // In one go: the next try finds both done.
  await primary.pipeline().config('SET', 'min-replicas-to-write', '0').set('k', 'another').exec()

  await client.expect('*-1\r\n')
  client.send('GET k\r\n')
  await client.expect('$7\r\nanother\r\n')
  client.destroy()
})

test('an EVAL between WATCH and EXEC leaves the WATCH as it is', async (t) => {
  const { connect } = await start(t)
  const [watching, other] = [await connect(), await connect()]
  watching.send('WATCH k\r\nEVAL "return redis.call(\'INCR\',KEYS[1])" 1 else\r\n')
  await watching.expect('+OK\r\n:1\r\n')
  other.send('SET k another\r\n')
  await other.expect('+OK\r\n')
  watching.send('MULTI\r\nSET k second\r\nEXEC\r\n')
  await watching.expect('+OK\r\n+QUEUED\r\n*-1\r\n')
  for (const client of [watching, other]) client.destroy()
})

test('an EXEC that was held for a switchover has lost its WATCH with the old primary', async (t) => {
  const { group, gateway, connect } = await start(t)
  const [watching, other] = [await connect(), await connect()]
  watching.send('WATCH k\r\nGET k\r\nMULTI\r\nSET k first\r\n')
  await watching.expect('+OK\r\n$-1\r\n+OK\r\n+QUEUED\r\n')
  await group.ask(0, ['PUBLISH', controlChannel, JSON.stringify({ type: 'hold', id: 'test', forMs: 5000 })])
  await eventually('held', 2000, () => gateway.status().holding || 'not')
  watching.send('EXEC\r\n')
  await eventually('parked', 2000, () => gateway.status().parked === 1 || JSON.stringify(gateway.status()))

  await group.failover(1, 5, [])
  other.send('SET k another\r\n')
  await other.expect('+OK\r\n')
  await watching.expect('*-1\r\n')
  other.send('GET k\r\n')
  await other.expect('$7\r\nanother\r\n')
  for (const client of [watching, other]) client.destroy()
})
