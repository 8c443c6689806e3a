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

const open = async (at = host): Promise<RawClient> => {
  const client = await RawClient.open(at, at === host ? port : 6379, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

/** Everything that came, once this many bytes are there or nothing more does. */
async function answer(client: RawClient, marker: string, what = ''): Promise<string> {
  await eventually(`${what}: an end in ${JSON.stringify(client.received)}`, 8000, () => {
    return client.received.includes(marker) || client.received
  })
  const all = client.received
  client.received = ''
  return all
}

/** Redis' own connections in this state: blocked clients. */
const idOf = async (client: RawClient): Promise<string> => {
  client.send('CLIENT ID\r\n')
  return /:(\d+)/.exec(await answer(client, '\r\n'))?.[1] ?? ''
}

/** Commands that wait: what is there, nothing until the time is up, wrong types, wrong words; then what another pushes. */
const cases: readonly (readonly [string, string])[] = [
  ['BLPOP {k}1 {k}2 0', 'RPUSH {k}2 one two'],
  ['BRPOP {k}1 {k}2 0', 'RPUSH {k}2 one two'],
  ['BLMOVE {k}1 {k}2 LEFT RIGHT 0', 'RPUSH {k}1 one two'],
  ['BRPOPLPUSH {k}1 {k}2 0', 'RPUSH {k}1 one two'],
  ['BLMPOP 0 2 {k}1 {k}2 LEFT COUNT 2', 'RPUSH {k}2 one two three'],
  ['BLMPOP 0 1 {k}1 right', 'RPUSH {k}1 one two three'],
  ['BZPOPMIN {k}1 {k}2 0', 'ZADD {k}1 1.5 one 3 two'],
  ['BZPOPMAX {k}1 {k}2 0', 'ZADD {k}1 1e30 one inf two'],
  ['BZMPOP 0 2 {k}1 {k}2 MIN COUNT 2', 'ZADD {k}2 0.1 one 3 two'],
  ['XREAD BLOCK 0 STREAMS {k}1 {k}2 0 $', 'XADD {k}2 5-5 a b'],
  ['XREAD COUNT 1 BLOCK 0 STREAMS {k}1 0-0', 'XADD {k}1 5-5 a b'],
  ['XREADGROUP GROUP g c COUNT 2 BLOCK 0 STREAMS {g}1 >', 'XADD {g}1 6-6 a b c d'],
]
const ends = '-*-end-*-'

for (const protocol of [2, 3]) {
  test(`commands that wait are answered as by Redis itself, byte by byte (RESP${String(protocol)})`, async () => {
    const direct = await open(group.topology.nodes[0]?.address)
    const through = await open()
    const pushing = await open()
    const said = async (client: RawClient, prefix: string): Promise<readonly string[]> => {
      const all: string[] = []
      client.send(`HELLO ${String(protocol)}\r\nPING ${ends}\r\n`)
      await answer(client, ends)
      const ask = async (command: string, during?: string): Promise<void> => {
        const words = command.replaceAll('{', prefix).replaceAll('}', String(protocol))
        client.send(`${words}\r\nPING ${ends}\r\n`)
        if (during !== undefined) {
          await eventually('it waits', 5000, async () => (await blocked()) || 'not yet')
          pushing.send(`${during.replaceAll('{', prefix).replaceAll('}', String(protocol))}\r\n`)
        }
        all.push(`${command}: ${(await answer(client, ends, words)).replaceAll(prefix, '')}`)
      }
      const blocked = async (): Promise<boolean> => {
        if (client === direct)
          return JSON.stringify(await group.ask(0, ['INFO', 'clients'])).includes('blocked_clients:1')
        await new Promise((resolve) => setTimeout(resolve, 40))
        return client.received === ''
      }
      const clear = async (): Promise<void> => {
        await ask('DEL {k}1 {k}2 {g}1')
        await ask('XGROUP CREATE {g}1 g $ MKSTREAM')
      }
      await clear()
      for (const [command, push] of cases) {
        await ask(command, push)
        await ask(command.replace(' 0 ', ' 0.02 ').replace(/ 0$/, ' 0.02').replace('BLOCK 0.02', 'BLOCK 20'))
        await clear()
        await ask(command, push)
        await ask(
          command.replace('BLOCK 0 ', 'BLOCK -1 ').replace('MPOP 0 ', 'MPOP -1 ').replace(/ 0$/, ' -1'),
        )
        await clear()
        await ask('SET {k}1 text')
        if (!command.startsWith('XREADGROUP')) await ask(command)
        await clear()
      }
      await ask('BLPOP {k}1 nonsense')
      await ask('BLMPOP 0 0 {k}1 LEFT')
      await ask('BLMPOP 0 1 {k}1 UP')
      await ask('BLMOVE {k}1 {k}2 LEFT UP 0')
      await ask('XREADGROUP GROUP absent c BLOCK 0 STREAMS {g}1 >')
      await ask('XREADGROUP GROUP g c BLOCK 0 STREAMS {g}1 0')
      return all
    }
    const expected = await said(direct, 'direct-')
    const got = await said(through, 'gatewy-')
    assert.deepEqual(got, expected)
    for (const client of [direct, through, pushing]) client.destroy()
  })
}

test('first come, first served; what one pushes goes to one', async () => {
  const waiting = [await open(), await open(), await open()]
  const pushing = await open()
  for (const [place, client] of waiting.entries()) {
    client.send('BLPOP line 0\r\n')
    await new Promise((resolve) => setTimeout(resolve, 50 + place))
  }
  pushing.send('RPUSH line a b\r\n')
  await waiting[0]?.expect('*2\r\n$4\r\nline\r\n$1\r\na\r\n')
  await waiting[1]?.expect('*2\r\n$4\r\nline\r\n$1\r\nb\r\n')
  pushing.send('RPUSH line c\r\nLLEN line\r\n')
  await waiting[2]?.expect('*2\r\n$4\r\nline\r\n$1\r\nc\r\n')
  pushing.send('LLEN line\r\n')
  assert.match(await answer(pushing, ':0\r\n'), /:0\r\n$/)
  for (const client of [...waiting, pushing]) client.destroy()
})

test('what is there is given however short the time is, also when the primary takes longer to look', async () => {
  const [client, pusher] = [await open(), await open()]
  pusher.send('RPUSH slow:list one\r\n')
  await pusher.expect(':1\r\n')
  const busy = await Promise.all(Array.from({ length: 6 }, () => open()))
  group.signalRedis(0, 'SIGSTOP')
  // so that whatever is shared is taken
  for (const [place, one] of busy.entries()) {
    one.send('INCR slow:count\r\n')
    await eventually('in flight', 1000, () => {
      const { inFlight, parked } = gateway.status()
      return inFlight + parked > place || `${inFlight} and ${parked}`
    })
  }
  client.send(
    'BLPOP slow:list 0.01\r\nXREADGROUP GROUP none me BLOCK 10 STREAMS slow:stream >\r\nBLPOP slow:list 0.01\r\n',
  )
  await eventually('it is stalled', 3000, () => !gateway.status().reachable || 'not')
  group.signalRedis(0, 'SIGCONT')
  await client.expect(
    '*2\r\n$9\r\nslow:list\r\n$3\r\none\r\n' +
      "-NOGROUP No such key 'slow:stream' or consumer group 'none' in XREADGROUP with GROUP option\r\n*-1\r\n",
  )
  for (const one of [client, pusher, ...busy]) one.destroy()
})

test('CLIENT UNBLOCK ends a wait, as when its time is up or with an error', async () => {
  const [waiting, other] = [await open(), await open()]
  const id = await idOf(waiting)
  other.send(`CLIENT UNBLOCK ${id}\r\nCLIENT UNBLOCK x\r\nCLIENT UNBLOCK ${id} now\r\n`)
  const no = ':0\r\n-ERR value is not an integer or out of range\r\n'
  await other.expect(`${no}-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n`)
  for (const [why, words] of [
    ['', '*-1\r\n'],
    [' TIMEOUT', '*-1\r\n'],
    [' ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
  ] as const) {
    waiting.send('BLPOP nothing 0\r\n')
    await eventually('unblocked', 5000, async () => {
      other.send(`CLIENT UNBLOCK ${id}${why}\r\n`)
      return (await answer(other, '\r\n')) === ':1\r\n' || 'not yet'
    })
    await waiting.expect(words)
  }
  waiting.destroy()
  other.destroy()
})

test('who waits goes on waiting over a failover, costs no connection, and holds no switchover up', async () => {
  const waiting = [await open(), await open(), await open(), await open()]
  const pushing = await open()
  waiting[0]?.send('BLPOP over 0\r\n')
  waiting[1]?.send('BZPOPMIN over-z 0\r\n')
  waiting[2]?.send('XREAD BLOCK 0 STREAMS over-x $\r\n')
  waiting[3]?.send('BLPOP over-time 3\r\n')
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(gateway.status().inFlight, 0)
  group.signalRedis(0, 'SIGKILL')
  await eventually('noticed', 2000, () => !gateway.status().reachable || 'not')
  await group.failover(1, 2, [0])
  pushing.send('RPUSH over 1 2\r\nZADD over-z 1 a\r\nXADD over-x 1-1 a b\r\n')
  await pushing.expect(':2\r\n:1\r\n$3\r\n1-1\r\n', 8000)
  await waiting[0]?.expect('*2\r\n$4\r\nover\r\n$1\r\n1\r\n')
  await waiting[1]?.expect('*3\r\n$6\r\nover-z\r\n$1\r\na\r\n$1\r\n1\r\n')
  await waiting[2]?.expect(
    '*1\r\n*2\r\n$6\r\nover-x\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n',
  )
  await waiting[3]?.expect('*-1\r\n')
  pushing.send('LRANGE over 0 -1\r\n')
  await pushing.expect('*1\r\n$1\r\n2\r\n')
  for (const client of [...waiting, pushing]) client.destroy()
})
