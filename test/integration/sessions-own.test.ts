import assert from 'node:assert/strict'
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

const invalidated = '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n'

async function tracking(options = ''): Promise<RawClient> {
  const client = await open()
  client.send(`HELLO 3\r\nCLIENT TRACKING ON${options}\r\nECHO set\r\n`)
  await eventually('tracks', 5000, () => client.received.endsWith('+OK\r\n$3\r\nset\r\n') || client.received)
  client.received = ''
  return client
}

for (const [how, commands, answers] of [
  ['behind a write', 'SET o 1\r\nGET k\r\n', '+OK\r\n$3\r\nold\r\n'],
  ['between writes', 'SET o 1\r\nGET k\r\nSET o 2\r\n', '+OK\r\n$3\r\nold\r\n+OK\r\n'],
  ['within MULTI', 'MULTI\r\nGET k\r\nEXEC\r\n', '+OK\r\n+QUEUED\r\n*1\r\n$3\r\nold\r\n'],
  [
    'within MULTI with a write',
    'MULTI\r\nSET o 1\r\nGET k\r\nEXEC\r\n',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$3\r\nold\r\n',
  ],
  ['of a script', 'EVAL "return redis.call(\'GET\',KEYS[1])" 1 k\r\n', '$3\r\nold\r\n'],
  [
    'of a script of a session that watches',
    'WATCH other\r\nEVAL "return redis.call(\'GET\',KEYS[1])" 1 k\r\n',
    '+OK\r\n$3\r\nold\r\n',
  ],
] as const) {
  test(`a client that tracks is told of the change of what it read ${how}`, async () => {
    const [client, other] = [await tracking(), await open()]
    other.send('SET k old\r\n')
    await other.expect('+OK\r\n')
    client.send(commands)
    await client.expect(answers)
    other.send('SET k new\r\n')
    await other.expect('+OK\r\n')
    await client.expect(invalidated)
    for (const one of [client, other]) one.destroy()
  })
}

test('a client that tracks and asks for each read is told of those alone', async () => {
  const [client, other] = [await tracking(' OPTIN'), await open()]
  other.send('MSET k old l old\r\n')
  await other.expect('+OK\r\n')
  client.send('GET l\r\nCLIENT CACHING YES\r\nMULTI\r\nGET k\r\nEXEC\r\n')
  await client.expect('$3\r\nold\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$3\r\nold\r\n')
  other.send('MSET l new k new\r\n')
  await other.expect('+OK\r\n')
  await client.expect(invalidated)
  for (const one of [client, other]) one.destroy()
})

test('a client that tracks scans to the end', async () => {
  const client = await tracking()
  client.send(`SADD scanned ${Array.from({ length: 1000 }, (_, i) => `m${String(i)}`).join(' ')}\r\n`)
  await client.expect(':1000\r\n')
  client.send('SSCAN scanned 0 COUNT 100\r\nECHO page\r\n')
  await eventually('a page', 5000, () => client.received.endsWith('$4\r\npage\r\n') || client.received)
  const cursor = client.received.split('\r\n')[2]
  // one that says under which primary it was made, as cursors from lanes do
  assert.ok(Number(cursor) >= 2 ** 40, cursor)
  client.destroy()
})

test('an invalidation does not overtake the answer that waits for its confirmation', async () => {
  const direct = await open(group.topology.nodes[0]?.address)
  const client = await tracking()
  direct.send('SET k old\r\nCONFIG RESETSTAT\r\n')
  await direct.expect('+OK\r\n+OK\r\n')
  group.signalRedis(2, 'SIGSTOP')
  client.send('GET k\r\n')
  await eventually('the primary has answered', 2000, async () => {
    const stats = JSON.stringify(await group.ask(0, ['INFO', 'commandstats']))
    return stats.includes('cmdstat_get:calls=1') || stats
  })
  assert.equal(client.received, '')
  direct.send('SET k new\r\n')
  await direct.expect('+OK\r\n')
  group.signalRedis(2, 'SIGCONT')
  await client.expect(`$3\r\nold\r\n${invalidated}`)
  for (const one of [client, direct]) one.destroy()
})

test('a client in RESP2 that tracks is pushed nothing when its connection was lost', async () => {
  const client = await open()
  client.send('CLIENT TRACKING ON\r\nGET absent\r\n')
  await client.expect('+OK\r\n$-1\r\n')
  await cutAll()
  client.send('GET absent\r\nECHO end\r\n')
  await client.expect('$-1\r\n$3\r\nend\r\n')
  client.destroy()
})

test('subscriptions within MULTI are refused by name, and the connection goes on', async () => {
  const [client, other] = [await open(), await open()]
  for (const command of ['SUBSCRIBE news', 'PSUBSCRIBE n*', 'SSUBSCRIBE s', 'UNSUBSCRIBE']) {
    const [name = ''] = command.split(' ')
    client.send(`MULTI\r\n${command}\r\nEXEC\r\n`)
    const refused = `-ERR ${name} within MULTI is not available through the gateway\r\n`
    await client.expect(`+OK\r\n${refused}-EXECABORT Transaction discarded because of previous errors.\r\n`)
  }
  other.send('PUBLISH news one\r\n')
  await other.expect(':0\r\n')
  client.send('INCR still:there\r\n')
  await client.expect(':1\r\n')
  for (const one of [client, other]) one.destroy()
})

test('WAIT counts who has the writes of its session', async () => {
  const client = await open()
  client.send('SET waited:for 1\r\nWAIT 2 0\r\n')
  await client.expect('+OK\r\n:2\r\n')
  // the connection on which it asks has been used before, and has written nothing
  const direct = await open(group.topology.nodes[0]?.address)
  group.signalRedis(2, 'SIGSTOP')
  direct.send('SET written:elsewhere 1\r\n')
  await direct.expect('+OK\r\n')
  client.send('WAIT 2 300\r\n')
  await client.expect(':1\r\n', 8000)
  group.signalRedis(2, 'SIGCONT')
  client.send('WAIT 2 0\r\n')
  await client.expect(':2\r\n')
  for (const one of [client, direct]) one.destroy()
})

test('a WAIT that takes longer than a connection may be silent is answered when its time is up', async () => {
  const client = await open()
  client.send('WAIT 3 2500\r\n')
  await client.expect(':2\r\n', 5000)
  client.destroy()
})

test('the number that CLIENT ID gives is nobody else at the primary', async () => {
  const [client, other] = [await open(), await open()]
  client.send('CLIENT ID\r\n')
  await eventually('an id', 5000, () => client.received.endsWith('\r\n') || client.received)
  const id = client.received.slice(1).trim()
  client.received = ''
  other.send(`CLIENT KILL ID ${id}\r\nCLIENT TRACKING ON REDIRECT ${id}\r\n`)
  await other.expect(':0\r\n-ERR CLIENT TRACKING REDIRECT is not available through the gateway\r\n')
  for (const one of [client, other]) one.destroy()
})

/** How many connections of the gateway there are at the primary, and markers. */
async function kept(): Promise<string> {
  const list = JSON.stringify(await group.ask(0, ['CLIENT', 'LIST']))
  const markers = (await group.ask(0, ['KEYS', 'holdfast:marker:*:[sa]*'])) as readonly string[]
  const clients = list.split('\\n').filter((line) => line.includes(' name=of-its-own ')).length
  return `${String(clients)} connections, ${String(markers.length)} markers`
}

test('a session keeps a connection of its own for as long as it needs one', async () => {
  await eventually(
    'none of others',
    8000,
    async () => (await kept()).endsWith(' 0 markers') || (await kept()),
  )
  const sessions = await Promise.all(Array.from({ length: 10 }, () => open()))
  const counting = 'EVAL "return redis.call(\'INCR\',KEYS[1])" 1 kept\r\n'
  for (const [place, client] of sessions.entries()) {
    client.send(`CLIENT SETNAME of-its-own\r\n${counting}`)
    await client.expect(`+OK\r\n:${String(place + 1)}\r\n`)
  }
  // on the connection that they have in common for this
  const other = await open()
  other.send('CLIENT SETNAME at-the-door\r\n')
  await other.expect('+OK\r\n')
  const [watching, subscribed, tracks] = sessions
  watching?.send('WATCH k\r\n')
  subscribed?.send('SUBSCRIBE news\r\n')
  tracks?.send('CLIENT TRACKING ON\r\n')
  for (const client of [watching, tracks]) await client?.expect('+OK\r\n')
  await subscribed?.expect('*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n')
  await eventually('the others are given up', 8000, async () => {
    const now = await kept()
    return now === '3 connections, 3 markers' || now
  })
  // it was not given up, and its WATCH holds
  sessions[3]?.send(`SET k new\r\n${counting}`)
  await sessions[3]?.expect('+OK\r\n:11\r\n')
  watching?.send('MULTI\r\nSET k 1\r\nEXEC\r\n')
  await watching?.expect('+OK\r\n+QUEUED\r\n*-1\r\n')
  subscribed?.send('UNSUBSCRIBE\r\n')
  await subscribed?.expect('*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n')
  tracks?.send('CLIENT TRACKING OFF\r\n')
  await tracks?.expect('+OK\r\n')
  await eventually('all are given up', 8000, async () => {
    const now = await kept()
    return now === '0 connections, 0 markers' || now
  })
  for (const client of sessions) client.send(counting)
  for (const [place, client] of sessions.entries())
    await eventually(
      `${String(place)} goes on`,
      5000,
      () => client.received.endsWith('\r\n') || client.received,
    )
  for (const client of [...sessions, other]) client.destroy()
})

test('a command waits while the primary takes no more connections, and then runs', async () => {
  const [client, direct] = [await open(), await open(group.topology.nodes[0]?.address)]
  client.send('INCR full\r\n')
  await client.expect(':1\r\n')
  const ask = async (command: string, end: string): Promise<string> => {
    direct.send(`${command}\r\n`)
    await eventually(command, 5000, () => direct.received.includes(end) || direct.received)
    const said = direct.received
    direct.received = ''
    return said
  }
  const clients = /connected_clients:(\d+)/.exec(await ask('INFO clients', 'blocked'))?.[1] ?? ''
  await ask(`CONFIG SET maxclients ${clients}\r\nCONFIG RESETSTAT`, '+OK\r\n+OK\r\n')
  client.send(`EVAL "return redis.call('INCR',KEYS[1])" 1 full\r\n`)
  await eventually('turned away again and again', 5000, async () => {
    const said = /rejected_connections:(\d+)/.exec(await ask('INFO stats', 'sync_full'))?.[1]
    return Number(said) > 8 || `${String(said)} times`
  })
  await ask('CONFIG SET maxclients 10000', '+OK\r\n')
  await client.expect(':2\r\n')
  for (const one of [client, direct]) one.destroy()
})
