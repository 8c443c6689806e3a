import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { LoneGateway } from '../harness/lone-gateway.ts'

// What one session sends must never change, or end, the connection that others share with it.

test('what sets a connection up reaches no shared one, also when what stood before it has waited too long', async (t) => {
  const scene = await LoneGateway.start(t, { host: '127.181.0.1', holdMs: 500 })
  const [first, second, third] = [await scene.open(), await scene.open(), await scene.open()]
  first.send('SET x of-0\r\n')
  await first.expect('+OK\r\n')
  const tooLate = '-TRYAGAIN no primary could be reached in time; this command did not run\r\n'
  for (const special of [
    'SELECT 5\r\n',
    'MULTI\r\n',
    'SUBSCRIBE a\r\n',
    'RESET\r\n',
    'CLIENT SETNAME a\r\n',
  ]) {
    scene.redis.process.kill('SIGSTOP')
    first.send('INCR n\r\n')
    await eventually('in flight', 5000, () => scene.gateway.status().inFlight > 0 || 'nothing')
    const session = await scene.open()
    session.send('GET x\r\n')
    await session.expect(tooLate)
    session.send(special)
    await eventually('it waits', 5000, () => scene.gateway.status().parked > 0 || 'nothing parked')
    scene.redis.process.kill('SIGCONT')
    for (const client of [first, session])
      await eventually('an answer', 10_000, () => client.received.endsWith('\r\n') || client.received)
    first.received = ''
    for (const other of [second, third]) {
      other.send('GET x\r\n')
      await other.expect('$4\r\nof-0\r\n')
    }
    session.destroy()
  }
})

test('POST behind another command costs its own connection, and no shared one', async (t) => {
  const scene = await LoneGateway.start(t, { host: '127.181.0.2' })
  const other = await scene.open()
  other.send('SET a 1\r\n')
  await other.expect('+OK\r\n')
  const before = scene.opened.lane
  for (const word of ['POST', 'Host:', 'QUIT']) {
    const client = await scene.open()
    client.send(`GET a\r\nGET a\r\n${word} / HTTP/1.1\r\nSET a 2\r\n`)
    await eventually('it is closed', 5000, () => client.closed || client.received)
    assert.match(client.received, /^\$1\r\n1\r\n\$1\r\n1\r\n(?:\+OK\r\n)?$/)
    client.destroy()
  }
  other.send('GET a\r\n')
  await other.expect('$1\r\n1\r\n')
  assert.equal(scene.opened.lane, before)
})

for (const [name, value] of [
  ['client-query-buffer-limit', '1048576'],
  ['proto-max-bulk-len', '1048576'],
] as const)
  test(`what is longer than ${name} costs its own connection, and others a moment`, async (t) => {
    const scene = await LoneGateway.start(t, {
      host: '127.181.0.3',
      setup: [
        ['CONFIG', 'SET', name, value],
        ['ACL', 'SETUSER', 'few', 'on', '>pw', '~*', '&*', '+@all', '-evalsha'],
      ],
    })
    const other = await scene.open()
    const large = 'x'.repeat(3_000_000)
    const before = scene.opened.lane
    for (const [start, words, user] of [
      ['SET', 2, ''],
      ['GET', 1, ''],
      ['EVAL', 1, ''],
      ['SET', 2, 'few'],
    ] as const) {
      const client = await scene.open()
      if (user !== '') {
        client.send(`AUTH ${user} pw\r\nSET a 1\r\n`)
        await client.expect('+OK\r\n+OK\r\n')
      }
      const key = words === 2 ? '$1\r\na\r\n' : ''
      const last = start === 'EVAL' ? '$1\r\n0\r\n' : ''
      const count = 1 + words + (last === '' ? 0 : 1)
      const name = `$${String(start.length)}\r\n${start}\r\n`
      client.send(`*${String(count)}\r\n${name}${key}$${String(large.length)}\r\n${large}\r\n${last}`)
      for (let n = 0; !client.closed && !client.received.startsWith('-'); n++) {
        other.send('INCR n\r\nGET n\r\n')
        await eventually(
          'the other goes on',
          5000,
          () => other.received.split('\r\n').length > 3 || other.received,
        )
        assert.match(other.received, /^:(\d+)\r\n\$\d+\r\n\1\r\n$/)
        other.received = ''
        assert.ok(n < 10_000, 'it is never answered')
      }
      client.destroy()
    }
    assert.ok(scene.opened.lane - before < 30, String(scene.opened.lane - before))
  })
