import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import {
  clientPassword,
  internalCredentials,
  internalSecret,
  quietLog,
  RedisGroup,
} from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 87, holdMs: 6000 })
const { host, port } = group.topology.gateway
let gateway: Gateway
let stopGateway = (): Promise<void> => Promise.resolve()

before(async () => {
  await group.start()
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  stopGateway = () => gateway.stop(100)
  await eventually('a primary', 10_000, () => gateway.status().reachable || 'none')
})

after(async () => {
  await stopGateway().finally(() => group.stop())
})

const open = async (): Promise<RawClient> => {
  const client = await RawClient.open(host, port, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

const counting = "redis.call('INCR',KEYS[1]) return redis.call('GET',KEYS[1])"

test('a transaction that was refused goes on when the primary could not be reached meanwhile', async () => {
  const client = await open()
  const primary = await RawClient.open(group.topology.nodes[0]?.address ?? '', 6379, clientPassword)
  const ask = async (line: string, expected = '+OK\r\n') => {
    primary.send(`${line}\r\n`)
    await primary.expect(expected)
  }
  await primary.expect('+OK\r\n')
  client.send('WATCH watched\r\n')
  await client.expect('+OK\r\n')
  await ask('CONFIG SET min-replicas-to-write 3')
  client.send('MULTI\r\nSET watched 1\r\nEXEC\r\n')
  await client.expect('+OK\r\n+QUEUED\r\n')
  // the gateway's own connection ends, and it cannot log in again
  await ask('ACL SETUSER holdfast resetpass >another')
  primary.send('CLIENT KILL USER holdfast\r\n')
  await eventually('it is unreachable', 5000, () => !gateway.status().reachable || 'not')
  const counts: (string | undefined)[] = []
  await eventually('it is not asked any more', 5000, async () => {
    primary.received = ''
    primary.send('INFO errorstats\r\n')
    await eventually('an answer', 5000, () => primary.received.endsWith('\r\n\r\n') || primary.received)
    counts.unshift(/NOREPLICAS:count=\d+/.exec(primary.received)?.[0])
    return new Set(counts.slice(0, 10)).size === 1 && counts.length >= 10 ? true : String(counts[0])
  })
  primary.received = ''
  await ask('CONFIG SET min-replicas-to-write 0')
  await ask(`ACL SETUSER holdfast resetpass >${internalSecret}`)
  await client.expect('*1\r\n+OK\r\n', 5000)
  for (const each of [client, primary]) each.destroy()
})

test('what waited for a connection of its own when the primary died was never sent, and runs on the next one', async () => {
  const clients = [await open(), await open()]
  for (const client of clients) {
    client.send('ECHO here\r\n')
    await client.expect('$4\r\nhere\r\n')
  }
  group.signalRedis(0, 'SIGSTOP')
  clients[0]?.send(`EVAL "${counting}" 1 n\r\n`)
  clients[1]?.send(`WATCH watched\r\nMULTI\r\nEVAL "${counting}" 1 m\r\nEXEC\r\n`)
  await eventually('under way', 3000, () => gateway.status().inFlight === 2 || gateway.status().inFlight)
  group.signalRedis(0, 'SIGKILL')
  await eventually('noticed', 3000, () => !gateway.status().reachable || 'not')
  await group.failover(1, 2, [0])
  await clients[0]?.expect('$1\r\n1\r\n', 8000)
  await clients[1]?.expect('+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n', 8000)
  for (const client of clients) client.destroy()
})

test('what waited for a connection of its own for too long did not run, and is told so', async () => {
  const clients = [await open(), await open()]
  clients[1]?.send('EVAL "return 1" 0\r\n')
  await clients[1]?.expect(':1\r\n')
  group.signalRedis(1, 'SIGSTOP')
  for (const index of [0, 1, 2]) group.signalSentinel(index, 'SIGSTOP')
  for (const client of clients) client.send('EVAL "return 1" 0\r\n')
  await clients[0]?.expect(
    '-TRYAGAIN no primary could be reached in time; this command did not run\r\n',
    12_000,
  )
  await eventually('one that was sent', 12_000, () => clients[1]?.received !== '' || 'nothing')
  await clients[1]?.expect(
    '-UNCERTAIN the primary was lost while this command was in flight; it may or may not have run\r\n',
  )
  for (const client of clients) client.destroy()
})
