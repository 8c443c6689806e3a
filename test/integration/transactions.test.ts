import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultGatewaySettings } from '../../src/spec/gateway-settings.ts'
import { eventually } from '../harness/eventually.ts'
import { startGatewayScene } from '../harness/gateway-scene.ts'
import type { RawClient } from '../harness/raw-client.ts'

const block = 82

/** Whoever says HELLO 3 is answered much. */
const hello3 = 'HELLO 3\r\n'

test('FLUSHALL in a transaction leaves the record and the markers, whichever way it takes', async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block })
  await ask('ACL', 'SETUSER', 'limited', 'on', '>pw', '~*', '&*', '+@all', '-evalsha')
  await ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all')
  await ask('SET', 'holdfast:canary', 'sings')
  const recorded = async (): Promise<string> => {
    const run = await ask('HGET', 'holdfast:record', 'run')
    return `${JSON.stringify(await ask('GET', 'holdfast:canary'))} ${typeof run}`
  }
  const ways: readonly (readonly [string, string, string])[] = [
    ['', 'MULTI\r\nFLUSHALL\r\nEXEC\r\n', '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
    [
      '',
      'MULTI\r\nSET a 1\r\nFLUSHALL ASYNC\r\nSET b 1\r\nEXEC\r\nDEL b\r\n',
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n+OK\r\n:1\r\n',
    ],
    // what no script carries goes as a transaction on a connection of the session's own
    ['', 'MULTI\r\nFLUSHALL SYNC\r\nTTL a\r\nEXEC\r\n', '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:-2\r\n'],
    ['', 'WATCH a\r\nMULTI\r\nFLUSHALL\r\nEXEC\r\n', '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
    [
      hello3,
      'MULTI\r\nFLUSHALL\r\nHGETALL a\r\nEXEC\r\n',
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n%0\r\n',
    ],
    ['AUTH limited pw\r\n', 'MULTI\r\nFLUSHALL\r\nEXEC\r\n', '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
    [
      'AUTH limited pw\r\n',
      'MULTI\r\nFLUSHALL\r\nTTL a\r\nEXEC\r\n',
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:-2\r\n',
    ],
    ['AUTH keyed pw\r\n', 'MULTI\r\nFLUSHALL\r\nEXEC\r\n', '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
    [
      'AUTH keyed pw\r\n',
      'WATCH a\r\nMULTI\r\nFLUSHALL\r\nEXEC\r\n',
      '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n',
    ],
  ]
  for (const [before, words, answers] of ways) {
    const client = await connect()
    if (before !== '') {
      client.send(`${before}ECHO begins\r\n`)
      await eventually('begins', 3000, () => client.received.endsWith('$6\r\nbegins\r\n') || client.received)
      client.received = ''
    }
    client.send('SET a 1\r\n')
    await client.expect('+OK\r\n')
    client.send(words)
    await client.expect(answers)
    client.send('EXISTS a\r\n')
    await client.expect(':0\r\n')
    assert.equal(await recorded(), '"sings" string', words)
    client.destroy()
  }
})

test('a user without the right to FLUSHALL erases nothing by it, alone or in a transaction', async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block })
  const refused = "-NOPERM this user has no permissions to run the 'flushall' command\r\n"
  await ask('ACL', 'SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-flushall')
  await ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all', '-flushall')
  for (const user of ['plain', 'keyed']) {
    const client = await connect()
    client.send(`SET a 1\r\nAUTH ${user} pw\r\n`)
    await client.expect('+OK\r\n+OK\r\n')
    client.send('FLUSHALL\r\n')
    await client.expect(refused)
    client.send('MULTI\r\nFLUSHALL\r\nEXEC\r\nGET a\r\n')
    await client.expect(
      `+OK\r\n${refused}-EXECABORT Transaction discarded because of previous errors.\r\n$1\r\n1\r\n`,
    )
    client.destroy()
  }
})

test('without memory, what is no write for Redis is answered as ever', async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block })
  const client = await connect()
  client.send('SET a 1\r\n')
  await client.expect('+OK\r\n')
  await ask('CONFIG', 'SET', 'maxmemory', '1')
  const full = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
  client.send('PUBLISH c x\r\n')
  await client.expect(':0\r\n')
  client.send('SPUBLISH c x\r\n')
  await client.expect(':0\r\n')
  client.send('PUBLISH c x\r\nGET a\r\nPUBLISH c x\r\n')
  await client.expect(':0\r\n$1\r\n1\r\n:0\r\n')
  client.send('PUBLISH c x\r\nSET a 2\r\nPUBLISH c x\r\n')
  await client.expect(`:0\r\n${full}:0\r\n`)
  client.send('DEL none\r\nPUBLISH c x\r\n')
  await client.expect(':0\r\n:0\r\n')
  client.send('MULTI\r\nPUBLISH c x\r\nGET a\r\nSPUBLISH c x\r\nEXEC\r\n')
  await client.expect('+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:0\r\n$1\r\n1\r\n:0\r\n')
  client.send('MULTI\r\nGET a\r\nEXEC\r\n')
  await client.expect('+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n')
  await ask('CONFIG', 'SET', 'maxmemory', '0')
  client.send('SET a 2\r\n')
  await client.expect('+OK\r\n')
})

test('a transaction of which a command was given up does not run', async (t) => {
  const { connect, whileHung } = await startGatewayScene(t, { block, holdMs: 1000 })
  const tryAgain = '-TRYAGAIN no primary could be reached in time; this command did not run\r\n'
  const abort = '-EXECABORT Transaction discarded because of previous errors.\r\n'
  const [part, end, whole, other] = [await connect(), await connect(), await connect(), await connect()]
  for (const client of [part, end]) {
    client.send('MULTI\r\nINCR h\r\n')
    await client.expect('+OK\r\n+QUEUED\r\n')
  }
  await whileHung(async () => {
    other.send('GET h\r\n')
    await other.expect(tryAgain, 8000)
    part.send('INCR i\r\n')
    end.send('DISCARD\r\n')
    await part.expect(tryAgain)
    await end.expect(tryAgain)
  })
  for (const client of [part, end]) {
    client.send('EXEC\r\nEXEC\r\n')
    await client.expect(`${abort}-ERR EXEC without MULTI\r\n`, 8000)
  }
  whole.send('MULTI\r\nMGET h i\r\nEXEC\r\n')
  await whole.expect('+OK\r\n+QUEUED\r\n*1\r\n*2\r\n$-1\r\n$-1\r\n')
})

test('a transaction of a restricted user waits while the primary takes no writes', async (t) => {
  const { connect, ask } = await startGatewayScene(t, { block })
  await ask('ACL', 'SETUSER', 'keyed', 'on', '>pw', '~a*', '&*', '+@all')
  const client = await connect()
  client.send('AUTH keyed pw\r\nSET a 1\r\n')
  await client.expect('+OK\r\n+OK\r\n')
  await ask('CONFIG', 'SET', 'min-replicas-to-write', '3')
  await ask('CONFIG', 'RESETSTAT')
  client.send('MULTI\r\nINCR a\r\nEXEC\r\n')
  await eventually('it was refused', 3000, async () => {
    const errors = JSON.stringify(await ask('INFO', 'errorstats'))
    return errors.includes('errorstat_NOREPLICAS') || errors
  })
  await ask('CONFIG', 'SET', 'min-replicas-to-write', '0')
  await client.expect('+OK\r\n+QUEUED\r\n*1\r\n:2\r\n')
})

test('at-least-once: a transaction whose connection is lost is sent again, unless it watched', async (t) => {
  const { group, connect, ask } = await startGatewayScene(t, {
    block,
    holdMs: 20_000,
    settings: { delivery: 'at-least-once' },
  })
  const [plain, watching] = [await connect(), await connect()]
  watching.send('WATCH w\r\n')
  await watching.expect('+OK\r\n')
  const counts = async (): Promise<string> =>
    JSON.stringify(await ask('EVAL', "redis.call('SELECT',0) return redis.call('MGET','n','w')", '0'))
  // what runs now is not confirmed
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGSTOP')
  plain.send('MULTI\r\nINCR n\r\nEXEC\r\n')
  watching.send('MULTI\r\nINCR w\r\nEXEC\r\n')
  await eventually('both ran', 5000, async () => (await counts()) === '["1","1"]' || (await counts()))
  await ask('CLIENT', 'KILL', 'TYPE', 'normal')
  await eventually('sent again', 5000, async () => (await counts()) === '["2","1"]' || (await counts()))
  for (const replica of [1, 2]) group.signalRedis(replica, 'SIGCONT')
  await plain.expect('+OK\r\n+QUEUED\r\n*1\r\n:2\r\n', 10_000)
  await watching.expect(
    '+OK\r\n+QUEUED\r\n-UNCERTAIN the primary was lost while this command was in flight; it may or may not have run\r\n',
  )
})

test('transactions that are being queued count as what waits, until they run, or are dropped', async (t) => {
  const { connect } = await startGatewayScene(t, {
    block,
    settings: {
      limits: { ...defaultGatewaySettings.limits, parkedBytes: 1_000_000, allParkedBytes: 1_500_000 },
    },
  })
  const large = `SET large ${'x'.repeat(60_000)}\r\n`
  const queue = async (client: RawClient): Promise<void> => {
    client.send(`MULTI\r\n${large.repeat(14)}`)
    await client.expect(`+OK\r\n${'+QUEUED\r\n'.repeat(14)}`)
  }
  const tooLarge = '-ERR the transaction is larger than the limit\r\n'
  const abort = '-EXECABORT Transaction discarded because of previous errors.\r\n'
  /** Nothing but this one is queued. */
  const nothingWaits = async (): Promise<void> => {
    const client = await connect()
    await eventually('nothing waits', 5000, async () => {
      client.received = ''
      client.send(`MULTI\r\n${large.repeat(14)}DISCARD\r\nECHO end\r\n`)
      await eventually('the end', 3000, () => client.received.endsWith('end\r\n') || client.received)
      return !client.received.includes(tooLarge) || 'something does'
    })
    client.destroy()
  }
  const [one, two, small] = [await connect(), await connect(), await connect()]
  await queue(one)
  two.send(`MULTI\r\n${large.repeat(14)}EXEC\r\nGET none\r\n`)
  await eventually('it is answered', 3000, () => two.received.endsWith('$-1\r\n') || two.received)
  assert.ok(two.received.includes(tooLarge), two.received)
  assert.ok(two.received.endsWith(`${abort}$-1\r\n`), two.received)
  two.received = ''
  one.send('EXEC\r\n')
  await one.expect(`*14\r\n${'+OK\r\n'.repeat(14)}`)
  await nothingWaits()
  for (const last of ['DISCARD\r\n', 'RESET\r\n', 'MULTI\r\nSYNC\r\nEXEC\r\n', 'QUIT\r\n']) {
    const client = await connect()
    await queue(client)
    client.send(last)
    await nothingWaits()
    client.destroy()
  }
  await queue(two)
  two.destroy()
  await nothingWaits()
  small.send(`MULTI\r\n${large.repeat(17)}EXEC\r\n`)
  await small.expect(`+OK\r\n${'+QUEUED\r\n'.repeat(16)}${tooLarge}${abort}`)
})
