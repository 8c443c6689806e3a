import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

const group = new RedisGroup({ block: 66 })
const { host, port } = group.topology.gateway
const large = 'x'.repeat(100_000)
const noAuth = '-NOAUTH Authentication required.\r\n'

before(() => group.start())
after(() => group.stop())

/** It is not told whether Redis asks for a password. */
async function withGateway(use: () => Promise<void>): Promise<void> {
  const gateway: Gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    log: quietLog,
  })
  try {
    await use()
  } finally {
    await gateway.stop(0)
  }
}

test('where Redis asks for a password, it finds that out: strangers get Redis’ words and can send little', async () => {
  await withGateway(async () => {
    const stranger = await RawClient.open(host, port)
    stranger.send('MULTI\r\nSUBSCRIBE a\r\nGET a\r\n')
    await stranger.expect(noAuth.repeat(3))
    stranger.send(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${String(large.length)}\r\n`)
    await eventually('it is refused', 5000, () => stranger.closed || stranger.received)
    assert.match(stranger.received, /^-ERR Protocol error: \w+ bulk length\r\n$/)
    const client = await RawClient.open(host, port, clientPassword)
    client.send(
      `SET a ${large.slice(0, 10)}\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${String(large.length)}\r\n${large}\r\n`,
    )
    await client.expect('+OK\r\n+OK\r\n+OK\r\n')
    client.destroy()
  })
})

test('where it asks for none, everybody may do everything, and AUTH gets Redis’ words', async () => {
  for (const { index } of group.topology.nodes)
    await group.ask(index, ['ACL', 'SETUSER', 'default', 'nopass'])
  await withGateway(async () => {
    const client = await RawClient.open(host, port)
    client.send(
      `*3\r\n$3\r\nSET\r\n$1\r\na\r\n$${String(large.length)}\r\n${large}\r\nMULTI\r\nSTRLEN a\r\nEXEC\r\n`,
    )
    await client.expect(`+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:${String(large.length)}\r\n`)
    client.send('AUTH us3r wrong\r\n')
    await client.expect('-WRONGPASS invalid username-password pair or user is disabled.\r\n')
    client.send('SUBSCRIBE a\r\n')
    await client.expect('*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n')
    client.destroy()
  })
})

test('a primary that does not say at once which commands it has is asked again', async () => {
  const hidden = { ...internalCredentials, user: 'half' }
  for (const { index } of group.topology.nodes)
    await group.ask(index, [
      'ACL',
      'SETUSER',
      'half',
      'on',
      `>${hidden.password}`,
      '~*',
      '&*',
      '+@all',
      '-command',
    ])
  const lines: string[] = []
  const log = {
    info: () => undefined,
    warn: (details: object, text: string) => lines.push(JSON.stringify([text, details])),
  }
  const gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: hidden,
    sentinelCredentials: internalCredentials,
    log,
  })
  try {
    await eventually(
      'it says so',
      5000,
      () => lines.some((line) => line.includes('which commands')) || lines.join(),
    )
    const client = await RawClient.open(host, port)
    client.send('INCR waits\r\n')
    for (const { index } of group.topology.nodes)
      await group.ask(index, ['ACL', 'SETUSER', 'half', '+command'])
    await client.expect(':1\r\n')
    client.destroy()
    assert.match(lines.join(), /NOPERM|no permissions/)
  } finally {
    await gateway.stop(0)
  }
})
