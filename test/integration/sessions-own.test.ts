import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 86 })
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

const open = async (at = host): Promise<RawClient> => {
  const client = await RawClient.open(at, at === host ? port : 6379, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

test('who waits for a key of one name in two databases is served in each', async () => {
  const [first, second, pushing] = [await open(), await open(), await open()]
  first.send('BLPOP same 0\r\n')
  second.send('SELECT 1\r\n')
  await second.expect('+OK\r\n')
  second.send('BLPOP same 0\r\n')
  // it is looked at, and is in line
  pushing.send('SELECT 1\r\nBLPOP same 0.1\r\nRPUSH same v\r\n')
  await pushing.expect('+OK\r\n*-1\r\n:1\r\n')
  await second.expect('*2\r\n$4\r\nsame\r\n$1\r\nv\r\n')
  pushing.send('SELECT 0\r\nRPUSH same w\r\n')
  await pushing.expect('+OK\r\n:1\r\n')
  await first.expect('*2\r\n$4\r\nsame\r\n$1\r\nw\r\n')
  for (const client of [first, second, pushing]) client.destroy()
})

/** The gateway's connections to the primary are cut, as by a network that fails for a moment. */
async function cutAll(): Promise<void> {
  await group.ask(0, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
  await eventually('it answers again', 5000, () => gateway.status().reachable || 'not')
}

for (const [ending, answer] of [
  ['UNWATCH', '+OK\r\n'],
  ['MULTI\r\nDISCARD', '+OK\r\n+OK\r\n'],
  ['MULTI\r\nEXEC', '+OK\r\n*-1\r\n'],
  ['MULTI\r\nNOPE\r\nEXEC', undefined],
  [`RESET\r\nAUTH ${clientPassword}`, '+RESET\r\n+OK\r\n'],
] as const) {
  test(`a WATCH that was lost breaks no transaction behind ${JSON.stringify(ending)}`, async () => {
    const client = await open()
    client.send('WATCH k\r\n')
    await client.expect('+OK\r\n')
    await cutAll()
    client.send(`${ending}\r\nECHO end\r\n`)
    if (answer !== undefined) await client.expect(`${answer}$3\r\nend\r\n`)
    await eventually(
      'an end',
      5000,
      () => answer !== undefined || client.received.endsWith('end\r\n') || client.received,
    )
    client.received = ''
    client.send('MULTI\r\nSET k 1\r\nEXEC\r\n')
    await client.expect('+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n')
    client.destroy()
  })
}

test('a WATCH that was lost breaks the next EXEC, also when another key is watched since', async () => {
  const client = await open()
  client.send('WATCH k\r\n')
  await client.expect('+OK\r\n')
  await cutAll()
  client.send('WATCH other\r\nMULTI\r\nSET k 1\r\nEXEC\r\nMULTI\r\nSET k 1\r\nEXEC\r\n')
  await client.expect('+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n')
  client.destroy()
})
