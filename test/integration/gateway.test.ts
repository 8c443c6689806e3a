import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { recordKey } from '../../src/insync/record.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const run = promisify(execFile)
const group = new RedisGroup()
const { host, port, adminHost, adminPort } = group.topology.gateway
let gateway: Gateway
let stopGateway = (): Promise<void> => Promise.resolve()

const raw = async (): Promise<RawClient> => {
  const client = await RawClient.open(host, port, clientPassword)
  await client.expect('+OK\r\n')
  return client
}

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
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
})

after(async () => {
  await stopGateway().finally(() => group.stop())
})

test('redis-cli', async () => {
  const cli = async (...args: string[]): Promise<string> =>
    (
      await run('redis-cli', ['-h', host, '-p', String(port), ...args], {
        env: { ...process.env, REDISCLI_AUTH: clientPassword },
      })
    ).stdout
  assert.equal(await cli('set', 'cli', '1'), 'OK\n')
  assert.equal(await cli('-3', 'hgetall', 'nothing'), '\n')
  assert.equal(await cli('-n', '5', 'incr', 'cli'), '1\n')
  assert.equal(await cli('get', 'cli'), '1\n')
})

test("the words for a wrong password, or none, are Redis' own", async () => {
  const client = await RawClient.open(host, port)
  client.send('GET a\r\nAUTH wrong\r\nGET a\r\n')
  await client.expect(
    '-NOAUTH Authentication required.\r\n' +
      '-WRONGPASS invalid username-password pair or user is disabled.\r\n' +
      '-NOAUTH Authentication required.\r\n',
  )
  client.send('*11\r\n')
  await client.expect('-ERR Protocol error: unauthenticated multibulk length\r\n')
  await eventually('closed', 2000, () => client.closed || 'open')
})

test('ioredis: pipelines, transactions, subscriptions, blocking commands', async () => {
  const [one, two] = [0, 1].map(() => new Redis({ host, port, password: clientPassword, db: 2 }))
  assert.ok(one !== undefined && two !== undefined)
  const pipeline = one.pipeline()
  for (let i = 1; i <= 500; i++) pipeline.incr('pipe')
  const replies = await pipeline.exec()
  assert.deepEqual(
    replies?.map(([, value]) => value),
    Array.from({ length: 500 }, (_, index) => index + 1),
  )
  assert.deepEqual(await one.multi().set('a', '1').get('a').exec(), [
    [null, 'OK'],
    [null, '1'],
  ])
  await one.watch('a')
  await two.set('a', '2')
  assert.equal(await one.multi().set('a', '3').exec(), null)
  const popped = one.blpop('list', 5)
  await two.rpush('list', 'x')
  assert.deepEqual(await popped, ['list', 'x'])
  const messages: string[] = []
  one.on('message', (channel, message) => messages.push(`${channel}:${message}`))
  assert.equal(await one.subscribe('news', 'more'), 2)
  await two.publish('news', 'hello')
  await eventually('the message', 2000, () => messages.includes('news:hello') || String(messages))
  await one.unsubscribe()
  assert.equal(await one.get('a'), '2')
  one.disconnect()
  two.disconnect()
})

test('RESP3: pushes come at once, ordinary commands go on beside a subscription', async () => {
  const client = await raw()
  client.send('HELLO 3\r\n')
  await eventually('HELLO', 2000, () => client.received.includes('role') || client.received)
  await eventually('all of it', 2000, () => client.received.includes('modules\r\n*0\r\n') || client.received)
  client.received = ''
  client.send('SUBSCRIBE a b\r\nPING\r\nUNSUBSCRIBE\r\nECHO x\r\n')
  const push = (kind: string, channel: string, count: number): string =>
    `>3\r\n$${String(kind.length)}\r\n${kind}\r\n$1\r\n${channel}\r\n:${String(count)}\r\n`
  await eventually('answers', 2000, () => client.received.endsWith('$1\r\nx\r\n') || client.received)
  assert.ok(client.received.startsWith(`${push('subscribe', 'a', 1)}${push('subscribe', 'b', 2)}+PONG\r\n`))
  assert.match(client.received, /unsubscribe[^]*unsubscribe[^]*:0\r\n\$1\r\nx\r\n$/)
  client.destroy()
})

test('what cannot be carried is refused, in a transaction so that it is dropped', async () => {
  const client = await raw()
  for (const command of ['SYNC', 'DEBUG SLEEP 0', 'SHUTDOWN', 'REPLICAOF NO ONE', 'CLIENT REPLY OFF']) {
    const what = command.startsWith('CLIENT') ? command : command.split(' ')[0]
    client.send(`${command}\r\n`)
    await client.expect(`-ERR ${String(what)} is not available through the gateway\r\n`)
  }
  client.send('MULTI\r\nSET refused 1\r\nSELECT 16\r\nEXEC\r\nEXISTS refused\r\n')
  await client.expect(
    '+OK\r\n+QUEUED\r\n-ERR DB index is out of range\r\n' +
      '-EXECABORT Transaction discarded because of previous errors.\r\n:0\r\n',
  )
  for (const command of ['SELECT 16', 'SWAPDB 0 16', 'MOVE a 16', 'COPY a b DB 16']) {
    client.send(`${command}\r\n`)
    await client.expect('-ERR DB index is out of range\r\n')
    client.send(`SET before 1\r\n${command}\r\nDEL before\r\nGET before\r\n${command}\r\n`)
    await client.expect(
      '+OK\r\n-ERR DB index is out of range\r\n:1\r\n$-1\r\n-ERR DB index is out of range\r\n',
    )
  }
  client.send('GET before\r\nSYNC\r\nSHUTDOWN NOSAVE\r\nGET before\r\n')
  await client.expect(
    '$-1\r\n-ERR SYNC is not available through the gateway\r\n' +
      '-ERR SHUTDOWN is not available through the gateway\r\n$-1\r\n',
  )
  client.destroy()
})

test('FLUSHALL empties everything but the record', async () => {
  const client = await raw()
  client.send('SET a 1\r\nSELECT 3\r\nSET b 1\r\nFLUSHALL\r\nDBSIZE\r\nFLUSHALL ASYNC\r\nFLUSHALL NOW\r\n')
  await client.expect('+OK\r\n+OK\r\n+OK\r\n+OK\r\n:0\r\n+OK\r\n-ERR syntax error\r\n')
  assert.equal(await group.ask(0, ['HGET', recordKey, 'members']), '1,2')
  client.send('SET a 1\r\n')
  await client.expect('+OK\r\n')
  client.destroy()
})

test('QUIT, a protocol error and a half-closed connection end only the one session', async () => {
  const other = await raw()
  const quitting = await raw()
  quitting.send('SET q 1\r\nQUIT\r\nSET q 2\r\n')
  await quitting.expect('+OK\r\n+OK\r\n')
  const wrong = await raw()
  wrong.send('*1\r\nPING\r\n')
  await wrong.expect("-ERR Protocol error: expected '$', got 'P'\r\n")
  const half = await RawClient.open(host, port)
  half.send(`AUTH ${clientPassword}\r\nINCR half\r\nINCR half\r\n`)
  half.finish()
  await half.expect('+OK\r\n:1\r\n:2\r\n')
  for (const client of [quitting, wrong, half])
    await eventually('closed', 2000, () => client.closed || 'open')
  other.send('GET q\r\n')
  await other.expect('$1\r\n1\r\n')
  other.destroy()
})

test('MONITOR streams', async () => {
  const client = await raw()
  client.send('MONITOR\r\n')
  await client.expect('+OK\r\n')
  const other = await raw()
  other.send('SET monitored 1\r\n')
  await eventually('a line', 2000, () => client.received.includes('"SET" "monitored" "1"') || client.received)
  client.destroy()
  other.destroy()
})

test('a client that never reads costs bounded memory, and nobody else anything', async () => {
  const greedy = await raw()
  const other = await raw()
  other.send(`SETRANGE big 1000000 x\r\n`)
  await other.expect(':1000001\r\n')
  const before = process.memoryUsage().rss
  greedy.pause()
  // Not more: a server that writes answers for a second is taken for dead by its sentinels.
  greedy.send('GET big\r\n'.repeat(250))
  for (let i = 1; i <= 50; i++) {
    other.send('INCR beside\r\n')
    await other.expect(`:${String(i)}\r\n`)
  }
  assert.ok(process.memoryUsage().rss - before < 150e6)
  greedy.destroy()
  other.destroy()
})

test('a switchover holds: what is under way ends, new commands wait, the release lets them go', async (t) => {
  const client = await raw()
  const watcher = new Redis({
    host: group.topology.nodes[0]?.address ?? '',
    username: internalCredentials.user,
    password: internalCredentials.password,
  })
  t.after(() => {
    watcher.disconnect()
  })
  const said: string[] = []
  watcher.on('message', (_, message) => said.push(message))
  await watcher.subscribe('holdfast:control')
  const say = (message: object): Promise<unknown> =>
    group.ask(0, ['PUBLISH', 'holdfast:control', JSON.stringify(message)])
  await say({ type: 'hold', id: 'h1', forMs: 5000 })
  await eventually(
    'held',
    2000,
    () => said.some((one) => one.includes('"held"') && one.includes('h1')) || String(said),
  )
  client.send('INCR held\r\n')
  await eventually('parked', 2000, () => gateway.status().parked === 1 || JSON.stringify(gateway.status()))
  assert.equal(client.received, '')
  await say({ type: 'release', id: 'h1' })
  await client.expect(':1\r\n')
  await say({ type: 'hold', id: 'h2', forMs: 200 })
  await eventually('holding', 2000, () => gateway.status().holding || 'not')
  client.send('INCR held\r\n')
  await client.expect(':2\r\n')
  client.destroy()
})

test('health, status and metrics', async () => {
  const get = async (path: string): Promise<{ code: number; text: string }> => {
    const response = await fetch(`http://${adminHost}:${String(adminPort)}${path}`)
    return { code: response.status, text: await response.text() }
  }
  assert.deepEqual(await get('/health'), { code: 200, text: 'ok\n' })
  const status = JSON.parse((await get('/status')).text) as Record<string, unknown>
  assert.equal(status.primary, 'redis-0')
  assert.equal(status.epoch, '1.0')
  assert.match((await get('/metrics')).text, /holdfast_gateway_confirmations_total [1-9]/)
})

test('a port that is taken is named', async () => {
  const second = startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  await assert.rejects(second, { code: 'PORT_IN_USE', message: /127\.10\.\d+\.100:6379 is in use/ })
})
