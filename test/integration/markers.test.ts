import assert from 'node:assert/strict'
import { test } from 'node:test'
import { careScript, gatewaysKey, markerPrefix } from '../../src/insync/marker-scripts.ts'
import { eventually } from '../harness/eventually.ts'
import { startGatewayScene } from '../harness/gateway-scene.ts'

/** How much the markers keep: the bytes of each one's replies. */
const kept = `local sizes={}
for i,key in ipairs(redis.call('KEYS','${markerPrefix}*')) do sizes[i]=redis.call('HSTRLEN',key,'replies') end
return sizes`

test('the markers of a gateway that is idle keep no replies, and it goes on behind them', async (t) => {
  const { connect, ask, group } = await startGatewayScene(t, { block: 85 })
  const sizes = async (): Promise<readonly number[]> => (await ask('EVAL', kept, '0')) as number[]
  const first = await connect()
  const clients = [first, await connect(), await connect(), await connect()]
  first.send(`SET large ${'x'.repeat(50_000)}\r\n`)
  await first.expect('+OK\r\n')
  // a read before a write is recorded with it
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGSTOP')
  for (const client of clients) client.send('GET large\r\nINCR n\r\n')
  await eventually('they are kept', 5000, async () => {
    const now = await sizes()
    return now.some((size) => size > 50_000) || JSON.stringify(now)
  })
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGCONT')
  for (const client of clients)
    await eventually('answered', 5000, () => client.received.includes('\r\n:') || client.received.length)
  await eventually('no replies', 10_000, async () => {
    const now = await sizes()
    return (now.length > 0 && now.every((size) => size < 10)) || JSON.stringify(now)
  })
  for (const client of clients) client.received = ''
  for (const [place, client] of clients.entries()) {
    client.send('INCR n\r\n')
    await client.expect(`:${String(clients.length + 1 + place)}\r\n`)
  }
  assert.ok((await sizes()).some((size) => size > 1))
})

test("nothing depends on the machine's clock: writes run once while it jumps, here and on the server", async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block: 85 })
  const client = await connect()
  let next = 1
  const count = async (times: number): Promise<void> => {
    client.send('INCR n\r\n'.repeat(times))
    await client.expect(Array.from({ length: times }, (_, i) => `:${String(next + i)}\r\n`).join(''))
    next += times
  }
  await count(10)
  for (const jumpMs of [86_400_000 * 400, -86_400_000 * 400, 0]) {
    const at = Date.now() + jumpMs
    const mocked = t.mock.method(Date, 'now', () => at)
    await count(10)
    mocked.mock.restore()
  }
  const [key = ''] = (await ask('KEYS', `${markerPrefix}*`)) as string[]
  const id = key.slice(markerPrefix.length).split(':')[0] ?? ''
  for (const jump of ['1', '9999999999']) {
    // the server's clock has jumped by days: another gateway takes this one for gone, in the middle of its writes
    await ask('HSET', gatewaysKey, id, jump)
    client.send('INCR n\r\n'.repeat(50))
    assert.ok(Number(await ask('EVAL', careScript, '0', 'another')) > 0)
    await client.expect(Array.from({ length: 50 }, (_, i) => `:${String(next + i)}\r\n`).join(''))
    next += 50
    await count(10)
  }
  await ask('HDEL', gatewaysKey, 'another')
})
