import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startGateway } from '../../src/gateway/gateway.ts'
import { gatewayCredentials } from '../../src/gateway/credentials.ts'
import { derivedSecret } from '../../src/platform/derived-secret.ts'
import { eventually } from '../harness/eventually.ts'
import { startNodeSet } from '../harness/node-set.ts'
import { quietLog } from '../harness/redis-group.ts'

async function startScene(t: Parameters<typeof startNodeSet>[0]) {
  const set = await startNodeSet(t)
  const { topology, secrets } = set
  const gateway = await startGateway({
    topology,
    ...gatewayCredentials(secrets.internal),
    passwordRequired: true,
    log: quietLog,
  })
  const clients: Redis[] = []
  t.after(async () => {
    for (const client of clients) client.disconnect()
    await gateway.stop(100)
  })
  const { primary } = await set.settled()
  const connect = (who: { username?: string; password: string }, at: { host: string; port: number }) => {
    const client = new Redis({ ...at, ...who, maxRetriesPerRequest: 0 })
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }
  const { host, port } = topology.gateway
  const operator = { username: 'operator', password: derivedSecret(secrets.internal, 'operator') }
  return {
    set,
    primary,
    connect,
    client: connect({ password: secrets.password }, { host, port }),
    operator: connect(operator, { host, port }),
  }
}

test('through the gateway: clients have their data, operators the server, and both of them neither record nor markers', async (t) => {
  const { client, operator } = await startScene(t)
  const asks = (who: Redis, text: string) => {
    const [command = '', ...args] = text.split(' ')
    return who.call(command, ...args)
  }
  for (const refused of 'CONFIG GET x|FLUSHALL|SWAPDB 0 1|MONITOR|CLIENT LIST|CLIENT KILL ID 1|SLOWLOG GET|ACL LIST|RESTORE a 0 x|BGSAVE'.split(
    '|',
  ))
    await assert.rejects(asks(client, refused), /^ReplyError: NOPERM this user has no permissions/, refused)
  await assert.rejects(client.eval("return redis.call('SELECT', 16)", 0), /can't run this command/)
  await assert.rejects(client.publish('__sentinel__:hello', 'x'), /NOPERM/)
  await assert.rejects(client.publish('holdfast:control', '{}'), /NOPERM/)
  assert.equal(await client.publish('news', 'x'), 0)
  for (const allowed of 'INFO|ROLE|KEYS *|FLUSHDB|SORT l|ACL WHOAMI|COMMAND COUNT'.split('|'))
    await asks(client, allowed)
  assert.equal(await client.call('ACL', 'WHOAMI'), 'default')

  // what no batch carries is marked all the same: as itself before and after
  assert.equal(await client.eval("return redis.call('INCR', KEYS[1])", 1, 'n'), 1)
  assert.deepEqual(await client.multi().incr('n').eval('return {1, 2}', 0).call('ACL', 'WHOAMI').exec(), [
    [null, 2],
    [null, [1, 2]],
    [null, 'default'],
  ])
  await client.watch('n')
  assert.deepEqual(await client.multi().incr('n').call('ACL', 'WHOAMI').exec(), [
    [null, 3],
    [null, 'default'],
  ])
  assert.equal(await client.call('ACL', 'WHOAMI'), 'default')
  assert.match(String(await client.call('CLIENT', 'INFO')), / user=default /)

  assert.equal(await operator.call('ACL', 'WHOAMI'), 'operator')
  for (const allowed of 'CONFIG GET maxmemory|CLIENT LIST|SLOWLOG GET|FLUSHALL|SWAPDB 0 1'.split('|'))
    await asks(operator, allowed)
  await assert.rejects(asks(operator, 'ACL SETUSER x'), /NOPERM/)
  await assert.rejects(asks(operator, 'SELECT 16'), /out of range/)
})

test('at a node: the clients’ password opens no more than their data', async (t) => {
  const { set, primary, connect } = await startScene(t)
  const { topology, secrets } = set
  const node = topology.nodes[primary]
  assert.ok(node)
  const direct = connect({ password: secrets.password }, { host: node.address, port: node.redisPort })
  await eventually('connected', 5000, async () => ({ pong: await direct.ping() }))
  await assert.rejects(direct.call('SELECT', '16'), /NOPERM/)
  await assert.rejects(direct.call('CONFIG', 'GET', 'masterauth'), /NOPERM/)
  await assert.rejects(direct.call('FLUSHALL'), /NOPERM/)
  for (const password of [secrets.password, derivedSecret(secrets.internal, 'operator')])
    for (const username of ['default', 'holdfast', 'holdfast-gateway', 'operator']) {
      const sentinel = connect({ username, password }, { host: node.address, port: node.sentinelPort })
      await assert.rejects(sentinel.call('SENTINEL', 'MASTERS'), undefined, username)
      sentinel.disconnect()
    }
})

test('nothing listens where it need not', async (t) => {
  const { set } = await startScene(t)
  const { nodes, gateway } = set.topology
  const wanted = [
    ...nodes.flatMap(({ address, redisPort, sentinelPort, agentPort }) =>
      [redisPort, sentinelPort, agentPort].map((port) => `${address}:${String(port)}`),
    ),
    `${gateway.host}:${String(gateway.port)}`,
    `${gateway.adminHost}:${String(gateway.adminPort)}`,
  ]
  const network = gateway.host.replace(/\d+$/, '')
  const found = listening().filter((address) => address.startsWith(network) || address.startsWith('0.0.0.0:'))
  const own = found.filter(
    (address) => !address.startsWith('0.0.0.0:') || /:(?:6379|26379|26380|6380)$/.test(address),
  )
  assert.deepEqual(own.toSorted(), wanted.toSorted())
})

/** IPv4 sockets of this network namespace that listen, as address:port. */
function listening(): readonly string[] {
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map(([, local = '']) => {
      const bytes = local.slice(0, 8).match(/../g) ?? []
      const address = bytes.toReversed().map((byte) => Number.parseInt(byte, 16))
      return `${address.join('.')}:${String(Number.parseInt(local.slice(9), 16))}`
    })
}
