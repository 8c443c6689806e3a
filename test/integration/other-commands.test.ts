import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBareRedis, type BareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { LoneGateway } from '../harness/lone-gateway.ts'

// Which commands there are, and which of them write, differs by version and module: a primary is asked before it is sent any.

test('what only the next primary knows as a write runs once there, also when its answer is lost', async (t) => {
  const scene = await LoneGateway.start(t, {
    host: '127.183.0.1',
    redisArgs: ['--rename-command', 'INCR', ''],
    ack: 1,
    holdMs: 20_000,
  })
  const follow = async (host: string, { host: of, port }: BareRedis): Promise<BareRedis> => {
    const node = await startBareRedis({
      host,
      extraArgs: ['--replicaof', of, String(port), '--repl-diskless-sync-delay', '0'],
    })
    t.after(() => node.kill())
    return node
  }
  const second = await follow('127.183.0.2', scene.redis)
  const replica = await follow('127.183.0.3', second)
  const direct = second.connect()
  direct.on('error', () => undefined)
  t.after(() => {
    direct.disconnect()
  })
  await eventually('both follow', 10_000, async () => {
    const info = await direct.info('replication')
    return (info.includes('state=online') && info.includes('master_link_status:up')) || info
  })
  const client = await scene.open()
  client.send('INCR n\r\n')
  await client.expect("-ERR unknown command 'INCR', with args beginning with: 'n' \r\n")
  await direct.call('REPLICAOF', 'NO', 'ONE')
  scene.sentinel.names = { host: second.host, port: second.port, epoch: 2 }
  await scene.redis.kill()
  client.send('INCR n\r\n')
  await client.expect(':1\r\n', 15_000)
  replica.process.kill('SIGSTOP')
  client.send('INCR n\r\n')
  await eventually('it ran', 5000, async () => (await direct.get('n')) === '2' || 'not yet')
  const before = scene.opened.lane
  await direct.call('CLIENT', 'KILL', 'TYPE', 'normal')
  await eventually('another connection', 5000, () => scene.opened.lane > before || 'none')
  replica.process.kill('SIGCONT')
  await client.expect(':2\r\n', 15_000)
  assert.equal(await direct.get('n'), '2')
})

test('what the primary did not name is not sent again when its answer is lost', async (t) => {
  const scene = await LoneGateway.start(t, { host: '127.183.0.4', holdMs: 20_000 })
  const client = await scene.open()
  client.send('SET a 1\r\n')
  await client.expect('+OK\r\n')
  scene.redis.process.kill('SIGSTOP')
  client.send('GET a\r\nLATER.WRITE a\r\n')
  await eventually('the read is in flight', 5000, () => scene.gateway.status().inFlight > 0 || 'nothing')
  scene.redis.process.kill('SIGCONT')
  await client.expect("$1\r\n1\r\n-ERR unknown command 'LATER.WRITE', with args beginning with: 'a' \r\n")
  scene.redis.process.kill('SIGSTOP')
  client.send('LATER.WRITE a\r\n')
  await eventually('in flight', 5000, () => scene.gateway.status().inFlight > 0 || 'nothing')
  const next = await startBareRedis({ host: '127.183.0.5' })
  t.after(() => next.kill())
  scene.sentinel.names = { host: next.host, port: next.port, epoch: 2 }
  await scene.redis.kill()
  await client.expect(
    '-UNCERTAIN the primary was lost while this command was in flight; it may or may not have run\r\n',
    15_000,
  )
})
