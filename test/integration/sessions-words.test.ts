import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 68 })
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

/** What a client says on one connection, command by command. */
const stories: Readonly<Record<string, readonly string[]>> = {
  'leaving without a subscription': ['UNSUBSCRIBE', 'PUNSUBSCRIBE a b', 'SUNSUBSCRIBE', 'GET absent'],
  'subscribed in RESP2': [
    'SUBSCRIBE a a b',
    'PING',
    'PING x',
    'GET a',
    'SELECT 1',
    'PSUBSCRIBE p*',
    'UNSUBSCRIBE a c',
    'UNSUBSCRIBE',
    'PUNSUBSCRIBE',
    'PING',
    'GET absent',
  ],
  'RESET while subscribed': ['SUBSCRIBE a', 'RESET', 'GET a', `AUTH ${clientPassword}`, 'GET absent'],
  'subscribed in RESP3': [
    'HELLO 3 SETNAME x',
    'SUBSCRIBE a',
    'GET absent',
    'SELECT 2',
    'CLIENT GETNAME',
    'UNSUBSCRIBE',
    'PING',
  ],
  'SELECT within MULTI': [
    'SET where zero',
    'MULTI',
    'SELECT 3',
    'SET where three',
    'EXEC',
    'GET where',
    'SELECT 0',
    'GET where',
  ],
  'WATCH and its end': [
    'WATCH w',
    'SET w 1',
    'MULTI',
    'GET w',
    'EXEC',
    'WATCH w',
    'UNWATCH',
    'SET w 2',
    'MULTI',
    'GET w',
    'EXEC',
    'WATCH',
    'MULTI',
    'WATCH w',
    'DISCARD',
    'DISCARD',
    'EXEC',
  ],
  'the own connection follows': [
    'WATCH w',
    'CLIENT SETNAME later',
    'SELECT 5',
    'CLIENT GETNAME',
    'MULTI',
    'CLIENT GETNAME',
    'SET here 5',
    'EXEC',
    'GET here',
  ],
  tracking: [
    'CLIENT TRACKING ON',
    'HELLO 3',
    'CLIENT TRACKING ON OPTIN',
    'CLIENT CACHING YES',
    'GET t',
    'CLIENT TRACKING ON BCAST',
    'CLIENT TRACKINGINFO',
    'CLIENT TRACKING OFF',
    'CLIENT CACHING YES',
    'CLIENT GETREDIR',
  ],
  'HELLO back and forth': ['HELLO 3', 'HGETALL absent', 'HELLO 2', 'HGETALL absent', 'HELLO 4', 'HELLO'],
}

for (const [name, commands] of Object.entries(stories))
  test(`${name}: as Redis itself answers`, async () => {
    const said = async (at: string, on: number): Promise<readonly string[]> => {
      const client = await RawClient.open(at, on, clientPassword)
      await client.expect('+OK\r\n')
      const answers: string[] = []
      for (const command of commands) {
        client.send(`${command}\r\n`)
        await eventually(`an answer to ${command}`, 3000, () => client.received !== '' || 'none')
        // what else belongs to it has come when nothing more does
        for (let seen = ''; seen !== client.received;) {
          seen = client.received
          await new Promise((resolve) => setTimeout(resolve, 40))
        }
        answers.push(`${command}: ${client.received.replace(/(id\r\n:)\d+/, '$1')}`)
        client.received = ''
      }
      client.destroy()
      return answers
    }
    const direct = await said(group.topology.nodes[0]?.address ?? '', 6379)
    await group.ask(0, ['EVAL', "for d=0,5 do redis.call('SELECT',d) redis.call('FLUSHDB') end", '0'])
    assert.deepEqual(await said(host, port), direct)
  })
