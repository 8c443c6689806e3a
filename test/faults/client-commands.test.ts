import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { startBareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'
import { startGatewayLoad } from '../harness/gateway-load.ts'
import { startGatewayNodes, type GatewayNodes } from '../harness/gateway-nodes.ts'

const mebibyte = 2 ** 20

function client({ set }: GatewayNodes, node?: number): Redis {
  const { host, port } = set.topology.gateway
  const address = node === undefined ? undefined : set.topology.nodes[node]
  return new Redis({
    host: address?.address ?? host,
    port: address?.redisPort ?? port,
    password: set.secrets.password,
    maxRetriesPerRequest: 0,
  })
}

test('who knows the clients’ password cannot attach a replica of his own, at a node or at the gateway', async (t) => {
  const nodes = await startGatewayNodes(t)
  const { gateway, nodes: all } = nodes.set.topology
  const primary = all[nodes.first]
  assert.ok(primary)
  for (const [host, port] of [
    [primary.address, primary.redisPort],
    [gateway.host, gateway.port],
  ] as const) {
    await using foreign = await startBareRedis({
      host: gateway.host,
      extraArgs: ['--masterauth', nodes.set.secrets.password, '--replicaof', host, String(port)],
    })
    let log = ''
    foreign.process.stdout?.on('data', (chunk: string) => (log += chunk))
    await eventually('it was refused', 20_000, () => {
      return /MASTER aborted replication with an error: (NOPERM|ERR) /.test(log) || log
    })
    const own = foreign.connect()
    assert.match(await own.info('replication'), /master_link_status:down/)
    assert.equal(await own.dbsize(), 0)
    own.disconnect()
  }
  const log = String(await nodes.ask(nodes.first, 'ACL', 'LOG'))
  assert.match(log, /replconf|psync/)
  assert.match(String(await nodes.ask(nodes.first, 'INFO', 'replication')), /connected_slaves:2/)
  await nodes.close()
})

test('FLUSHALL beside writes, through the gateway, on the primary, and right before its death: the record stays', async (t) => {
  const nodes = await startGatewayNodes(t)
  const before = nodes.gateway.status().epoch
  await withClient(client(nodes), (redis) => redis.flushall())
  await nodes.load.answered(50)
  assert.equal(nodes.gateway.status().epoch, before)
  assert.deepEqual(nodes.load.errors(), [])

  await withClient(client(nodes, nodes.first), (redis) => redis.flushall())
  await nodes.load.answered(50)
  await eventually('the record is back', 5000, async () => {
    const states = await nodes.set.states()
    return states.every((state) => state?.redis.record?.epoch.number === 1) || 'not'
  })
  await nodes.set.settled()

  await withClient(client(nodes, nodes.first), (redis) => redis.flushall())
  nodes.set.kill(`redis-${String(nodes.first)}`)
  await nodes.load.stop()
  const { topology, secrets } = nodes.set
  const after = startGatewayLoad(topology.gateway, secrets.password, { prefix: 'after-the-flush:' })
  await after.answered(50)
  await nodes.close({ not: nodes.first, load: after })
})

test('memory that is full: writes are refused in Redis’ words, reads go on, and so does a failover', async (t) => {
  const nodes = await startGatewayNodes(t, { redis: { maxmemoryBytes: 16 * mebibyte } })
  const filler = client(nodes)
  // Far more traffic than memory: what is replaced takes no room, and neither may what the replicas are sent.
  for (let round = 0; round < 100; round += 1) await filler.set('replaced', 'x'.repeat(mebibyte))
  assert.deepEqual(nodes.load.errors(), [])

  const full = await fill(filler)
  assert.match(full, /^OOM command not allowed when used memory > 'maxmemory'\.$/)
  assert.equal((await filler.get(`fill:${String(mebibyte)}:0`))?.length, mebibyte)
  await eventually('the others are refused too', 20_000, async () => {
    // What was used to take a command in, or to write files anew, is free again a moment later.
    await fill(filler)
    return nodes.load.errors().some((why) => why.startsWith('OOM ')) || nodes.load.errors().join()
  })
  nodes.set.kill(`redis-${String(nodes.first)}`)
  const { primary } = await nodes.set.settled({ not: nodes.first })
  await eventually('it is found', 10_000, () => {
    const status = nodes.gateway.status()
    return (status.reachable && status.primary === `redis-${String(primary)}`) || JSON.stringify(status)
  })
  assert.equal((await filler.get(`fill:${String(mebibyte)}:0`))?.length, mebibyte)
  const keys = await filler.keys('fill:*')
  await filler.del('replaced', ...keys)
  filler.disconnect()
  await nodes.close({ not: nodes.first })
})

/** Stores less and less until even the least is refused. @returns the words */
async function fill(redis: Redis): Promise<string> {
  let words = 'never refused'
  for (const bytes of [mebibyte, 65_536, 4096, 512, 64]) {
    for (let index = 0; index < 200; index += 1) {
      try {
        await redis.set(`fill:${String(bytes)}:${String(index)}`, 'x'.repeat(bytes))
      } catch (error) {
        words = (error as Error).message
        break
      }
    }
  }
  return words
}

async function withClient(redis: Redis, act: (redis: Redis) => Promise<unknown>): Promise<void> {
  try {
    await act(redis)
  } finally {
    redis.disconnect()
  }
}
