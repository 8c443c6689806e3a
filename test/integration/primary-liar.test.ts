import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { startFakeSentinel, type FakeSentinel } from '../harness/fake-sentinel.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ holdMs: 8000, block: 65 })
const { nodes, name, gateway: endpoint } = group.topology
const notes: string[] = []
let liar: FakeSentinel
let gateway: Gateway
let client: RawClient
let count = 0

/** Two sentinels are real, that of node 2 says what the test wants. One story: each test begins where the one before left it. */
before(async () => {
  liar = await startFakeSentinel({ host: addressOf(2), port: 26_379 }, 'f'.repeat(40))
  await group.start({ sentinels: [0, 1], record: false })
  await group.writeRecord(0, { number: 5, node: 0 })
  const log = (details: object, message: string) => notes.push(`${message} ${JSON.stringify(details)}`)
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: { info: log, warn: log },
  })
  client = await RawClient.open(endpoint.host, endpoint.port, clientPassword)
  await client.expect('+OK\r\n')
})

after(async () => {
  client.destroy()
  await gateway.stop(100)
  await group.stop()
  await liar.stop()
})

function addressOf(node: number): string {
  return nodes[node]?.address ?? ''
}

async function counts(): Promise<void> {
  count += 1
  client.send('INCR count\r\n')
  await client.expect(`:${String(count)}\r\n`)
}

/** The liar's sentinel names that node, and says so in every way there is. */
function promotes(node: number, from: number, epoch = 999_999_999): void {
  liar.names = { host: addressOf(node), port: 6379, epoch }
  const master = `${name} ${addressOf(from)} 6379`
  const slave = `slave ${addressOf(node)}:6379 ${addressOf(node)} 6379 @ ${master}`
  liar.publish('+elected-leader', `master ${master}`)
  for (const event of ['+selected-slave', '+failover-state-wait-promotion', '+promoted-slave'])
    liar.publish(event, slave)
  liar.publish('+switch-master', `${master} ${addressOf(node)} 6379`)
}

const noted = (words: string): Promise<true> =>
  eventually(words, 5000, () => notes.some((note) => note.includes(words)) || notes.slice(-5).join('; '))

const heard = (named: string | null): Promise<true> =>
  eventually('the liar is heard', 5000, () => {
    const { sentinels } = gateway.status()
    return sentinels[2] === named || JSON.stringify(sentinels)
  })

test('a sentinel names a stranger, then a replica, with the highest epoch: the gateway stays where it is', async () => {
  liar.names = { host: addressOf(1), port: 6379, epoch: 999_999_999 }
  await heard('redis-1')
  await counts()
  liar.names = { host: '127.65.254.254', port: 6379, epoch: 999_999_999 }
  await heard(null)
  await counts()
  assert.equal(gateway.status().primary, 'redis-0')
})

test('a sentinel promotes a replica that nobody promoted: it is asked, and refused', async () => {
  promotes(1, 0)
  await noted('not taken up as primary {"node":1,"why":"it is no primary"}')
  await counts()
})

test('two nodes say master: the one whose gate has not passed gets nothing', async () => {
  // honest sentinels would make a replica of it again
  for (const node of [0, 1]) group.signalSentinel(node, 'SIGSTOP')
  await group.ask(2, ['REPLICAOF', 'NO', 'ONE'])
  promotes(2, 0)
  await noted('"why":"its record is of another node: its gate has not passed"')
  await group.writeRecord(2, { number: 4, node: 2 })
  await noted('"why":"its epoch 4.2 is older than 5.0"')
  await counts()
  assert.equal(gateway.status().primary, 'redis-0')
  const behind = await group.ask(2, [
    'EVAL',
    "redis.call('SELECT', '0') return redis.call('GET', 'count')",
    '0',
  ])
  assert.equal(behind, String(count - 1))
  await group.ask(2, ['REPLICAOF', addressOf(0), '6379'])
  await group.settled(0)
  for (const node of [0, 1]) group.signalSentinel(node, 'SIGCONT')
})

test('a sentinel that hangs, then sends garbage, is silent', async () => {
  await heard('redis-2')
  for (const garbage of [null, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]) {
    liar.instead = garbage
    liar.cut()
    await heard(null)
    const { requests } = liar
    await eventually('it is asked again', 5000, () => liar.requests > requests + 1 || 'not')
    await counts()
  }
  liar.instead = undefined
})

test('a failover beside the liar; the old primary comes back, says master, and is never written to', async () => {
  promotes(0, 1)
  await heard('redis-0')
  group.signalRedis(0, 'SIGKILL')
  await group.failover(1, 7, [0])
  await eventually(
    'over',
    5000,
    () => gateway.status().primary === 'redis-1' || JSON.stringify(gateway.status()),
  )
  await counts()
  for (const node of [0, 1]) group.signalSentinel(node, 'SIGSTOP')
  group.startRedis(0, null)
  await eventually('it says master', 5000, async () => {
    const role = JSON.stringify(await group.ask(0, ['ROLE']))
    return role.includes('master') || role
  })
  promotes(0, 1)
  await noted('not taken up as primary {"node":0,"why":"it holds no record of the in-sync set"}')
  await group.writeRecord(0, { number: 5, node: 0 })
  await noted('"why":"its epoch 5.0 is older than 7.1"')
  await counts()
  assert.equal(gateway.status().primary, 'redis-1')
  assert.equal(await group.ask(0, ['EVAL', "redis.call('SELECT', '0') return redis.call('DBSIZE')", '0']), 0)
})
