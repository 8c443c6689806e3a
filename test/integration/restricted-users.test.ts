import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { startGatewayScene } from '../harness/gateway-scene.ts'

const block = 84
const refused = "-NOPERM this user has no permissions to run the 'append' command\r\n"

test('what waits while a right is cut does not run', async (t) => {
  const { group, connect, ask } = await startGatewayScene(t, { block, holdMs: 20_000 })
  await ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all')
  const clients = await Promise.all(['0', '1', '2', '3', '4', '5'].map(() => connect()))
  for (const client of clients) {
    client.send('AUTH keyed pw\r\nSET a0 x\r\n')
    await client.expect('+OK\r\n+OK\r\n')
  }
  // what runs now is not confirmed, and keeps all connections
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGSTOP')
  const commandOf = (place: number): string =>
    place % 2 === 0 ? `APPEND a:${String(place)} x\r\n` : `MULTI\r\nAPPEND a:${String(place)} x\r\nEXEC\r\n`
  for (const [place, client] of clients.entries()) client.send(commandOf(place))
  const ran = async (): Promise<readonly string[]> => {
    const db0 = await ask('EVAL', "redis.call('SELECT',0) return redis.call('KEYS','a:*')", '0')
    return Array.isArray(db0) ? db0.map(String) : []
  }
  await eventually('some ran', 5000, async () => (await ran()).length >= 3 || JSON.stringify(await ran()))
  // the right is there while they are queued
  for (const [place, client] of clients.entries())
    if (place % 2 === 1) await client.expect('+OK\r\n+QUEUED\r\n')
  await ask('ACL', 'SETUSER', 'keyed', '-append')
  const before = await ran()
  assert.ok(before.length < clients.length)
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGCONT')
  for (const [place, client] of clients.entries()) {
    const applied = before.includes(`a:${String(place)}`)
    const alone = applied ? ':1\r\n' : refused
    const inMulti = applied
      ? '*1\r\n:1\r\n'
      : `-EXECABORT Transaction discarded because of previous errors.\r\n`
    await client.expect(place % 2 === 0 ? alone : inMulti, 15_000)
  }
  assert.deepEqual([...(await ran())].sort(), [...before].sort())
})

test('in one go: what a user may runs, what not is refused at its place', async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block })
  await ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all')
  const [client, other] = [await connect(), await connect()]
  for (const each of [client, other]) {
    each.send('AUTH keyed pw\r\n')
    await each.expect('+OK\r\n')
  }
  const noKeys = '-NOPERM this user has no permissions to access one of the keys used as arguments\r\n'
  for (let round = 1; round <= 20; round++) {
    client.send('INCR a:n\r\nINCR b:n\r\nINCR a:n\r\nMULTI\r\nINCR a:n\r\nEXEC\r\nINCR b:n\r\n')
    other.send('INCR a:other\r\n'.repeat(3))
    const at = 3 * round
    await client.expect(
      `:${String(at - 2)}\r\n${noKeys}:${String(at - 1)}\r\n+OK\r\n+QUEUED\r\n*1\r\n:${String(at)}\r\n${noKeys}`,
    )
    await other.expect([2, 1, 0].map((less) => `:${String(at - less)}\r\n`).join(''))
  }
})
