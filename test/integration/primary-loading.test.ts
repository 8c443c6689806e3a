import { test } from 'node:test'
import { startGateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { RawClient } from '../harness/raw-client.ts'
import { clientPassword, internalCredentials, quietLog, RedisGroup } from '../harness/redis-group.ts'

/** A second, and connections are answered meanwhile. */
const loadsSlowly = ['key-load-delay 2000', 'loading-process-events-interval-bytes 1024']

test('a primary that dies, is back before anybody fails over, and loads its data: it is taken up again', async (t) => {
  await using group = new RedisGroup({ holdMs: 10_000, block: 66 })
  await group.start()
  const fill = "for i = 1, 500 do redis.call('SET', 'filler' .. i, string.rep('x', 100)) end"
  await group.ask(0, ['EVAL', fill, '0'])
  const { host, port } = group.topology.gateway
  const gateway = await startGateway({
    topology: group.topology,
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
  })
  const client = await RawClient.open(host, port)
  t.after(async () => {
    client.destroy()
    await gateway.stop(100)
  })
  client.send(`AUTH ${clientPassword}\r\nINCR count\r\n`)
  await client.expect('+OK\r\n:1\r\n')
  await group.ask(0, ['SAVE'])

  group.signalRedis(0, 'SIGKILL')
  group.startRedis(0, null, loadsSlowly)
  await eventually('loaded', 15_000, async () => {
    const answer = JSON.stringify(await group.ask(0, ['DBSIZE']))
    return /^\d+$/.test(answer) || answer
  })
  await group.writeRecord(0, { number: 2, node: 0 })
  await eventually(
    'taken up',
    5000,
    () => gateway.status().epoch === '2.0' || JSON.stringify(gateway.status()),
  )
  client.send('INCR count\r\n')
  await client.expect(':2\r\n')
})
