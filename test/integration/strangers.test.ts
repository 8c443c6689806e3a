import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../harness/eventually.ts'
import { LoneGateway } from '../harness/lone-gateway.ts'

// Whom Redis would answer NOAUTH may read and write nothing, whatever the gateway's own user may, and whenever the password was set.

const gatewayUser = ['ACL', 'SETUSER', 'gw', 'on', '>g', '~*', '&*', '+@all'] as const
const nodeCredentials = { user: 'gw', password: 'g' }
const noAuth = '-NOAUTH Authentication required.\r\n'
const asked = [
  'GET a',
  'SET a stolen',
  'FLUSHALL',
  'MULTI',
  'BLPOP a 0',
  'SUBSCRIBE a',
  'EVAL return 0',
  'SELECT 1',
]

async function setPassword(scene: LoneGateway, password: string): Promise<void> {
  await scene.direct.call('CONFIG', 'SET', 'requirepass', password)
}

async function cutAll(scene: LoneGateway): Promise<void> {
  await scene.direct.call('CLIENT', 'KILL', 'TYPE', 'normal')
  await eventually('the gateway is back', 5000, async () => {
    const clients = String(await scene.direct.call('CLIENT', 'LIST'))
    return clients.includes('user=gw') || clients
  })
}

test('a password that is set while the gateway runs: who comes now is a stranger, who was there is not', async (t) => {
  const scene = await LoneGateway.start(t, { host: '127.184.0.1', setup: [gatewayUser], nodeCredentials })
  const early = await scene.open()
  early.send('SET a 1\r\n')
  await early.expect('+OK\r\n')
  await setPassword(scene, 'secret')
  const stranger = await scene.open()
  for (const line of asked) {
    stranger.send(`${line}\r\n`)
    await stranger.expect(noAuth)
  }
  stranger.send(`${asked.join('\r\n')}\r\nEXEC\r\nNOSUCH a\r\nGET\r\n`)
  await stranger.expect(
    `${noAuth.repeat(asked.length)}-EXECABORT Transaction discarded because of: ${noAuth.slice(1)}-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n-ERR wrong number of arguments for 'get' command\r\n`,
  )
  early.send('GET a\r\nINCR a\r\n')
  await early.expect('$1\r\n1\r\n:2\r\n')
  stranger.send('AUTH secret\r\nINCR a\r\n')
  await stranger.expect('+OK\r\n:3\r\n')
})

test('nobody is let in by the gateway’s own connection once Redis has closed theirs', async (t) => {
  const scene = await LoneGateway.start(t, { host: '127.184.0.2', setup: [gatewayUser], nodeCredentials })
  const plain = await scene.open()
  const elsewhere = await scene.open()
  plain.send('SET a 1\r\n')
  elsewhere.send('SELECT 1\r\nSET a 1\r\nACL WHOAMI\r\n')
  await plain.expect('+OK\r\n')
  await elsewhere.expect('+OK\r\n+OK\r\n$7\r\ndefault\r\n')
  await setPassword(scene, 'secret')
  await cutAll(scene)
  for (const client of [plain, elsewhere]) {
    client.send(`${asked.join('\r\n')}\r\n`)
    await client.expect(noAuth.repeat(asked.length))
    client.send('AUTH secret\r\nGET a\r\nINCR a\r\n')
    await client.expect('+OK\r\n$1\r\n1\r\n:2\r\n')
  }
})

test('a password that is taken away: who comes now is nobody’s stranger', async (t) => {
  const scene = await LoneGateway.start(t, {
    host: '127.184.0.3',
    setup: [gatewayUser, ['CONFIG', 'SET', 'requirepass', 'secret']],
    nodeCredentials,
  })
  const client = await scene.open()
  client.send('SET a 1\r\n')
  await client.expect(noAuth)
  await setPassword(scene, '')
  client.send('SET a 1\r\nMULTI\r\nINCR a\r\nEXEC\r\n')
  await client.expect('+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n:2\r\n')
  const large = 'x'.repeat(100_000)
  const other = await scene.open()
  other.send(`*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$${String(large.length)}\r\n${large}\r\nSTRLEN b\r\n`)
  await other.expect(`+OK\r\n:${String(large.length)}\r\n`)
  assert.equal(await scene.direct.get('a'), '2')
})
