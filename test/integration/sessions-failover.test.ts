import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 68 })
const { host, port } = group.topology.gateway
let gateway: Gateway
let stopGateway = (): Promise<void> => Promise.resolve()
let primary = 0
let epoch = 1

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

/** The primary is killed, another is promoted, and the killed one follows it. */
async function failover(): Promise<void> {
  const [old, next] = [primary, (primary + 1) % 2]
  group.signalRedis(old, 'SIGKILL')
  await eventually('noticed', 3000, () => !gateway.status().reachable || 'not')
  epoch++
  await group.failover(next, epoch, [old])
  primary = next
  await eventually('taken up', 8000, () => gateway.status().reachable || 'not')
  group.startRedis(old, next)
  await group.settled(next)
}

const bulk = (text: string): string => `$${String(text.length)}\r\n${text}\r\n`
const push = (type: string, ...parts: readonly string[]): string =>
  `${type}${String(parts.length)}\r\n${parts.map((part) => (part.startsWith(':') ? `${part}\r\n` : bulk(part))).join('')}`

test('after a failover: subscriptions go on unnoticed, WATCH breaks, caches are void, scripts are there, scans begin anew', async () => {
  const plain = await open()
  const resp3 = await open()
  const watching = await open()
  const tracking = await open()
  const monitoring = await open()
  const scanning = await open()

  plain.send('SUBSCRIBE news\r\nPSUBSCRIBE n*\r\nSSUBSCRIBE shard\r\n')
  await plain.expect(
    push('*', 'subscribe', 'news', ':1') +
      push('*', 'psubscribe', 'n*', ':2') +
      push('*', 'ssubscribe', 'shard', ':1'),
  )
  resp3.send('HELLO 3\r\n')
  await eventually('hello', 3000, () => resp3.received.endsWith('modules\r\n*0\r\n') || resp3.received)
  resp3.received = ''
  resp3.send('SUBSCRIBE news\r\nGET absent\r\n')
  await resp3.expect(`${push('>', 'subscribe', 'news', ':1')}_\r\n`)
  watching.send('WATCH untouched\r\n')
  await watching.expect('+OK\r\n')
  tracking.send('HELLO 3\r\nCLIENT TRACKING ON\r\nGET tracked\r\n')
  await eventually('tracks', 3000, () => tracking.received.endsWith('+OK\r\n_\r\n') || tracking.received)
  tracking.received = ''
  monitoring.send('MONITOR\r\n')
  await monitoring.expect('+OK\r\n')

  const script = 'return {KEYS[1], ARGV[1]}'
  const sha1 = createHash('sha1').update(script).digest('hex')
  scanning.send(`EVAL "${script}" 1 k v\r\n`)
  await scanning.expect('*2\r\n$1\r\nk\r\n$1\r\nv\r\n')
  const members = Array.from({ length: 1000 }, (_, i) => `m${String(i)}`)
  scanning.send(`SADD all ${members.join(' ')}\r\n`)
  await scanning.expect(':1000\r\n')
  const found = new Set<string>()
  const scan = async (cursor: string): Promise<string> => {
    scanning.send(`SSCAN all ${cursor} COUNT 100\r\nPING over\r\n`)
    await eventually('a page', 5000, () => scanning.received.endsWith('$4\r\nover\r\n') || scanning.received)
    const [, , next = '', ...rest] = scanning.received.split('\r\n')
    scanning.received = ''
    for (const text of rest) if (text.startsWith('m')) found.add(text)
    return next
  }
  let cursor = await scan(await scan('0'))
  assert.ok(Number(cursor) >= 2 ** 40, cursor)

  await failover()

  scanning.send(`EVALSHA ${sha1} 1 k v\r\n`)
  await scanning.expect('*2\r\n$1\r\nk\r\n$1\r\nv\r\n')
  for (let pages = 0; cursor !== '0'; pages++) {
    assert.ok(pages < 100)
    cursor = await scan(cursor)
  }
  assert.equal(found.size, 1000)

  watching.send('MULTI\r\nINCR w\r\nEXEC\r\nMULTI\r\nINCR w\r\nEXEC\r\n')
  await watching.expect('+OK\r\n+QUEUED\r\n*-1\r\n+OK\r\n+QUEUED\r\n*1\r\n:1\r\n')

  await tracking.expect('>2\r\n$10\r\ninvalidate\r\n_\r\n')
  tracking.send('GET tracked\r\n')
  await tracking.expect('_\r\n')
  scanning.send('SET tracked 1\r\n')
  await scanning.expect('+OK\r\n')
  await tracking.expect('>2\r\n$10\r\ninvalidate\r\n*1\r\n$7\r\ntracked\r\n')

  await eventually(
    'MONITOR goes on',
    5000,
    () => monitoring.received.includes('"tracked"') || monitoring.received,
  )

  await eventually('all subscribe again', 5000, async () => {
    scanning.send('PUBLISH probe x\r\nPUBSUB NUMPAT\r\nPUBSUB NUMSUB news\r\nPUBSUB SHARDNUMSUB shard\r\n')
    const there = ':1\r\n*2\r\n$4\r\nnews\r\n:2\r\n*2\r\n$5\r\nshard\r\n:1\r\n'
    await eventually('numbers', 2000, () => scanning.received.split('*2').length === 3 || scanning.received)
    const seen = scanning.received
    scanning.received = ''
    return seen === `:0\r\n${there}` || seen
  })
  assert.deepEqual([plain.received, resp3.received], ['', ''])
  scanning.send('PUBLISH news a\r\nSPUBLISH shard b\r\n')
  await plain.expect(
    push('*', 'message', 'news', 'a') +
      push('*', 'pmessage', 'n*', 'news', 'a') +
      push('*', 'smessage', 'shard', 'b'),
  )
  await resp3.expect(push('>', 'message', 'news', 'a'))
  plain.send('GET x\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\nGET x\r\n')
  const only =
    "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"
  await plain.expect(
    only +
      push('*', 'unsubscribe', 'news', ':1') +
      push('*', 'punsubscribe', 'n*', ':0') +
      push('*', 'sunsubscribe', 'shard', ':0') +
      '$-1\r\n',
  )
  for (const client of [plain, resp3, watching, tracking, monitoring, scanning]) client.destroy()
})
