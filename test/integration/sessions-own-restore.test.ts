import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { CuttingRelay } from '../harness/cutting-relay.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 88 })
const { host, port } = group.topology.gateway
let relay: CuttingRelay
let gateway: Gateway
let stop = (): Promise<void> => Promise.resolve()

before(async () => {
  await group.start()
  relay = await CuttingRelay.start('127.62.0.3')
  gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
    connect: relay.connect,
  })
  stop = async () => {
    await gateway.stop(100)
    await relay[Symbol.asyncDispose]()
  }
  await eventually('a primary', 10_000, () => gateway.status().reachable || 'none')
})

after(async () => {
  await stop().finally(() => group.stop())
})

const open = async (): Promise<RawClient> => {
  const client = await RawClient.open(host, port, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

test('a connection that is being set up again is told of what the session selects meanwhile', async () => {
  const client = await open()
  client.send('SET k zero\r\nSELECT 1\r\nSET k one\r\nSELECT 0\r\nCLIENT TRACKING ON\r\nGET k\r\n')
  await client.expect('+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n$4\r\nzero\r\n')
  relay.follow([{ at: 'introduce', fate: 'paused', purpose: 'attachment' }])
  await group.ask(0, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  await eventually('it is being set up', 5000, () => relay.done || relay.state)
  client.send('SELECT 1\r\n')
  await client.expect('+OK\r\n')
  relay.release()
  client.send('GET k\r\n')
  await client.expect('$3\r\none\r\n')
  client.destroy()
})
