import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { defaultGatewaySettings } from '../../src/spec/gateway-settings.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { startFakeSentinel, type FakeSentinel } from '../harness/fake-sentinel.ts'
import { RawClient } from '../harness/raw-client.ts'
import { quietLog } from '../harness/redis-group.ts'

const network = `127.66.${String(1 + (process.pid % 250))}`
const addresses = [1, 2, 3].map((last) => ({ host: `${network}.${String(last)}`, port: 26_379 }))
const listen = { host: `${network}.100`, port: 6379 }
let sentinels: FakeSentinel[] = []
let nodes: BareRedis[] = []
let gateway: Gateway

const topology: Topology = {
  name: 'mymaster',
  nodes: [],
  f: 0,
  quorum: 2,
  redis: { databases: 15, markersDb: 15, db: 0, maxmemoryBytes: 0, appendfsync: 'everysec' },
  gateway: {
    name: 'gateway',
    ...listen,
    adminHost: listen.host,
    adminPort: 6380,
    holdMs: 10_000,
    ...defaultGatewaySettings,
    ack: 0,
  },
  app: { command: null, directory: '/', env: {}, healthPath: '/', instances: [] },
  frontDoor: { name: 'front-door', host: listen.host, port: 8080 },
}

before(async () => {
  nodes = await Promise.all(
    [11, 12].map((last) => startBareRedis({ host: `${network}.${String(last)}`, port: 6379 })),
  )
  sentinels = await Promise.all(
    addresses.map((one, index) => startFakeSentinel(one, String(index).repeat(40))),
  )
  name(0, 1)
  gateway = await startGateway({
    topology,
    standalone: { sentinels: addresses, name: topology.name },
    nodeCredentials: null,
    sentinelCredentials: null,
    log: quietLog,
  })
  await eventually('a primary', 10_000, () => gateway.status().reachable || 'none')
})

after(async () => {
  await gateway.stop(0)
  await Promise.all([...sentinels, ...nodes].map((one) => one.stop()))
})

/** All sentinels name that node, in this configuration epoch. */
function name(node: number, epoch: number): void {
  for (const sentinel of sentinels) sentinel.names = { host: nodes[node]?.host ?? '', port: 6379, epoch }
}

const promoted = (node: number): string => {
  const { host = '' } = nodes[node] ?? {}
  return `slave ${host}:6379 ${host} 6379 @ ${topology.name} ${nodes[1 - node]?.host ?? ''} 6379`
}

test('a sentinel says whom it promotes: nothing more is sent to the old primary, and the new one gets it', async () => {
  const client = await RawClient.open(listen.host, listen.port)
  client.send('INCR counted\r\n')
  await client.expect(':1\r\n')
  sentinels[0]?.publish('+selected-slave', promoted(1))
  await eventually('it holds', 5000, () => gateway.status().holding || 'not')
  client.send('SET told new\r\nGET told\r\n')
  await eventually('it waits', 5000, () => gateway.status().parked === 2 || String(gateway.status().parked))
  assert.equal(client.received, '')

  name(1, 2)
  for (const sentinel of sentinels)
    sentinel.publish(
      '+switch-master',
      `${topology.name} ${nodes[0]?.host ?? ''} 6379 ${nodes[1]?.host ?? ''} 6379`,
    )
  await client.expect('+OK\r\n$3\r\nnew\r\n')
  const old = nodes[0]?.connect()
  assert.equal(await old?.get('told'), null)
  old?.disconnect()
  client.destroy()
})

test('the promotion comes to nothing: it goes on with the primary there is', async () => {
  const client = await RawClient.open(listen.host, listen.port)
  sentinels[1]?.publish('+selected-slave', promoted(0))
  await eventually('it holds', 5000, () => gateway.status().holding || 'not')
  client.send('GET told\r\n')
  await client.expect('$3\r\nnew\r\n')
  assert.equal(gateway.status().holding, false)
  client.destroy()
})
