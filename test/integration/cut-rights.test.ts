import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { LoneGateway } from '../harness/lone-gateway.ts'
import type { RawClient } from '../harness/raw-client.ts'

// Users whose rights change while they are connected, or who may not do what the gateway does for everybody.

async function openAs(scene: LoneGateway, user: string): Promise<RawClient> {
  const client = await scene.open()
  client.send(`AUTH ${user} pw\r\n`)
  await client.expect('+OK\r\n')
  return client
}

/** Sends so much at once that the user's sessions share several connections. */
async function fillLanes(scene: LoneGateway, clients: readonly RawClient[]): Promise<void> {
  const before = scene.opened.lane
  await eventually('several lanes', 10_000, async () => {
    for (const client of clients) client.send('INCR n\r\n'.repeat(200))
    for (const client of clients) await eventually('answers', 5000, () => ended(client, 200))
    for (const client of clients) client.received = ''
    return scene.opened.lane >= before + 3 || String(scene.opened.lane - before)
  })
}

function ended(client: RawClient, answers: number): true | string {
  return client.received.split('\r\n').length > answers || client.received.slice(-80)
}

test('the right to run scripts, taken while several connections are open: writes go on', async (t) => {
  const scene = await LoneGateway.start(t, {
    host: '127.182.0.1',
    setup: [['ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all']],
  })
  const clients = await Promise.all(Array.from({ length: 60 }, () => openAs(scene, 'app')))
  await fillLanes(scene, clients)
  const [first] = clients
  assert.ok(first)
  for (const [rule, value] of [
    ['-evalsha', '1'],
    ['+evalsha', '2'],
    ['-evalsha', '3'],
  ] as const) {
    await scene.direct.call('ACL', 'SETUSER', 'app', rule)
    first.send(`SET x ${value}\r\nGET x\r\nMULTI\r\nAPPEND x ${value}\r\nEXEC\r\n`)
    await first.expect(`+OK\r\n$1\r\n${value}\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n`)
  }
})

test('where neither the user nor the gateway may keep a marker, commands go as they are', async (t) => {
  const scene = await LoneGateway.start(t, {
    host: '127.182.0.2',
    setup: [['ACL', 'SETUSER', 'app', 'on', '>pw', '~app:*', '&*', '+@all']],
    nodeCredentials: { user: 'app', password: 'pw' },
  })
  const client = await openAs(scene, 'app')
  client.send(
    'SET app:x 1\r\nGET app:x\r\nSET x 1\r\nMULTI\r\nINCR app:x\r\nEXEC\r\nRPUSH app:l a\r\nBLPOP app:l 0\r\n',
  )
  const refused = '-NOPERM this user has no permissions to access one of the keys used as arguments\r\n'
  await client.expect(
    `+OK\r\n$1\r\n1\r\n${refused}+OK\r\n+QUEUED\r\n*1\r\n:2\r\n:1\r\n*2\r\n$5\r\napp:l\r\n$1\r\na\r\n`,
  )
})

test('rights that a batch needs, taken between two: every write runs once, and says so', async (t) => {
  const scene = await LoneGateway.start(t, {
    host: '127.182.0.3',
    setup: [
      ['ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all'],
      ['SET', 'large', '9007199254740993'],
    ],
  })
  const client = await openAs(scene, 'app')
  client.send('INCR n\r\n')
  await client.expect(':1\r\n')
  let count = 1
  for (const rule of ['-time', '-hset', '+@all', '-select', '+@all', '-hmget', '+@all']) {
    await scene.direct.call('ACL', 'SETUSER', 'app', rule)
    // more than eight: a batch looks at the clock between
    client.send('INCR n\r\n'.repeat(20))
    await client.expect(Array.from({ length: 20 }, () => `:${String(++count)}\r\n`).join(''))
  }
  await scene.direct.call('ACL', 'SETUSER', 'writer', 'on', '>pw', '~*', '&*', '+@all', '-get')
  const writer = await openAs(scene, 'writer')
  writer.send('INCR large\r\nINCR n\r\n')
  const unreadable = '-UNCERTAIN this command ran; its user may not read the number that it gave\r\n'
  await writer.expect(`${unreadable}:${String(count + 1)}\r\n`)
  assert.equal(await scene.direct.get('large'), '9007199254740994')
})
