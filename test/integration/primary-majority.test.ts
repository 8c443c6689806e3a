import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Discovery } from '../../src/discovery/discovery.ts'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { formatEpoch } from '../../src/insync/record.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ holdMs: 10_000, block: 65 })
const { nodes, name, gateway: endpoint } = group.topology
let gateway: Gateway
let client: RawClient
let count = 0

/** One story: each test begins where the one before left it. At first every sentinel names the node beside it. */
before(async () => {
  await group.start({ sentinels: [], record: false })
  await group.writeRecord(0, { number: 1, node: 0 })
  for (const node of [0, 1, 2]) group.startSentinel(node, node, 9)
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  client = await RawClient.open(endpoint.host, endpoint.port)
})

after(async () => {
  client.destroy()
  await gateway.stop(100)
  await group.stop()
})

async function counts(): Promise<void> {
  count += 1
  client.send('INCR count\r\n')
  await client.expect(`:${String(count)}\r\n`)
}

const sentinelsName = (...wanted: readonly (number | null)[]): Promise<true> =>
  eventually('the gateway hears them', 10_000, () => {
    const named = wanted.map((node) => (node === null ? null : `redis-${String(node)}`))
    const { sentinels } = gateway.status()
    return JSON.stringify(sentinels) === JSON.stringify(named) || JSON.stringify(sentinels)
  })

/** That sentinel names another node, in an epoch that the others do not overrule. */
async function turn(sentinel: number, node: number): Promise<void> {
  await group.killSentinel(sentinel)
  group.startSentinel(sentinel, node, 9)
}

test('sentinels that disagree: nobody is taken up, until a majority names one', async () => {
  await sentinelsName(0, 1, 2)
  client.send(`AUTH ${clientPassword}\r\n`)
  await eventually('parked', 2000, () => gateway.status().parked > 0 || JSON.stringify(gateway.status()))
  assert.equal(gateway.status().primary, null)
  await turn(1, 0)
  await client.expect('+OK\r\n')
  assert.equal(gateway.status().primary, 'redis-0')
  await counts()
})

test('sentinels that begin to disagree: it goes on with the primary it has', async () => {
  await turn(1, 1)
  await sentinelsName(0, 1, 2)
  await counts()
  assert.equal(gateway.status().primary, 'redis-0')
})

test('sentinels all dead: it goes on with the primary it has, and a new gateway takes up nobody', async () => {
  for (const node of [0, 1, 2]) await group.killSentinel(node)
  await sentinelsName(null, null, null)
  const late = watch()
  try {
    await counts()
    await eventually('it looked for sentinels', 5000, () => late.notes.length > 2 || late.notes.join('; '))
    assert.equal(late.discovery.current, null)
  } finally {
    late.discovery.stop()
  }
})

test('sentinels that lost their state: it goes on, takes up a newer reign, and follows the next failover', async () => {
  for (const node of [0, 1, 2]) group.startSentinel(node, 0, 9)
  const other = watch()
  try {
    await eventually('taken up', 10_000, () => other.discovery.current !== null || other.notes.join('; '))
    for (const node of [0, 1, 2]) await group.killSentinel(node)
    for (const node of [0, 1, 2]) group.startSentinel(node, 0)
    await sentinelsName(0, 0, 0)
    await counts()
    other.discovery.abandon('the test says so')
    await group.writeRecord(0, { number: 2, node: 0 })
    await eventually('the newer reign', 10_000, () => {
      const { current } = other.discovery
      return current === null
        ? other.notes.join('; ')
        : formatEpoch(current.epoch) === '2.0' || 'an older one'
    })
  } finally {
    other.discovery.stop()
  }
  client.send('GET count\r\n')
  await client.expect(`$1\r\n${String(count)}\r\n`)
  await group.sentinelsKnowAll()
  await group.failover(1, 3, [])
  await sentinelsName(1, 1, 1)
  await counts()
  assert.equal(gateway.status().epoch, '3.1')
})

test('the fast path: it routes to the node that a sentinel promotes before any majority names it', async () => {
  await group.settled(1)
  for (const node of [0, 1]) await group.ask(node, ['CONFIG', 'SET', 'replica-priority', '0'])
  // so that only the sentinel that promotes can tell, and its failover does not end: a replica does not answer
  for (const node of [0, 1]) group.signalSentinel(node, 'SIGSTOP')
  group.signalRedis(0, 'SIGSTOP')
  await eventually('promoted', 10_000, async () => {
    const role = JSON.stringify(await group.ask(2, ['ROLE']))
    return (
      role.includes('master') || JSON.stringify(await group.askSentinel(2, ['SENTINEL', 'FAILOVER', name]))
    )
  })
  await group.writeRecord(2, { number: 4, node: 2 }, [1])
  await group.ask(1, ['REPLICAOF', nodes[2]?.address ?? '', '6379'])
  await eventually(
    'over',
    5000,
    () => gateway.status().primary === 'redis-2' || JSON.stringify(gateway.status()),
  )
  await counts()
  const { sentinels } = gateway.status()
  assert.ok(sentinels.filter((named) => named === 'redis-2').length < 2, JSON.stringify(sentinels))
})

/** A discovery of its own. */
function watch(): { discovery: Discovery; notes: string[] } {
  const notes: string[] = []
  const discovery = new Discovery({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    now: () => performance.now(),
    onPrimary: () => undefined,
    onOver: () => undefined,
    onLink: () => undefined,
    onControl: () => undefined,
    onNote: (note, details) => {
      notes.push(`${note} ${JSON.stringify(details)}`)
    },
  })
  return { discovery, notes }
}
