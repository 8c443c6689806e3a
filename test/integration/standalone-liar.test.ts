import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addressKey } from '../../src/discovery/address.ts'
import { eventually } from '../harness/eventually.ts'
import { startFakeSentinel, type FakeSentinel } from '../harness/fake-sentinel.ts'
import { PlainSentinels } from '../harness/plain-sentinels.ts'
import { discover } from '../harness/standalone-discovery.ts'

const deployment = new PlainSentinels({ sentinels: [0, 1] })
const [first, second, third] = deployment.nodes.map((node) => `${node.host} ${String(node.port)}`)
const log = discover(deployment)
const liarsId = 'f'.repeat(40)
let liar: FakeSentinel

/** Two sentinels are real, the third says what the test wants. One story: each test begins where the one before left it. */
before(async () => {
  liar = await startFakeSentinel(deployment.sentinels[2] ?? { host: '', port: 0 }, liarsId)
  await deployment.start()
  await log.follows(0)
})

after(async () => {
  log.discovery.stop()
  await deployment.stop()
  await liar.stop()
})

/** Until the discovery has taken note of what the liar says now, and nothing came of it. */
async function nothingComesOf(what: string): Promise<void> {
  const key = addressKey(deployment.sentinels[2] ?? { host: '', port: 0 })
  const said = liar.names === null ? null : addressKey(liar.names)
  await eventually(what, 5000, () => {
    const heard = log.discovery.sentinelsSay.find(({ sentinel }) => sentinel === key)?.primary ?? null
    return (heard === null ? null : addressKey(heard)) === said || JSON.stringify(heard)
  })
  const client = log.discovery.connection
  for (let rounds = 0; rounds < 50; rounds += 1) assert.deepEqual(await client?.send([['PING']]), ['PONG'])
  assert.equal(log.discovery.connection, client)
  assert.deepEqual(log.events, [`primary ${addressKey(deployment.nodes[0] ?? { host: '', port: 0 })}@0`])
}

test('a sentinel that names a stranger, or a replica, with the highest epoch there is', async () => {
  for (const host of ['127.65.254.254', deployment.nodes[1]?.host ?? '']) {
    liar.names = { host, port: 6379, epoch: 999_999_999_999_999 }
    await nothingComesOf(`it names ${host}`)
  }
})

test('a sentinel that reports a promotion nobody elected it for, of a node that says master', async () => {
  await deployment.ask(2, ['REPLICAOF', 'NO', 'ONE'])
  liar.names = { host: deployment.nodes[2]?.host ?? '', port: 6379, epoch: 77 }
  const master = `${deployment.name} ${first ?? ''}`
  const slave = `slave ${(third ?? '').replace(' ', ':')} ${third ?? ''} @ ${master}`
  liar.publish('+vote-for-leader', `${liarsId} 77`)
  liar.publish('+elected-leader', `master ${master}`)
  for (const event of ['+selected-slave', '+failover-state-wait-promotion', '+promoted-slave'])
    liar.publish(event, slave)
  liar.publish('+switch-master', `${master} ${third ?? ''}`)
  await eventually('it is heard', 5000, () => log.moments.includes('switched') || String(log.moments))
  await nothingComesOf('it promotes a node that says master')
})

test('a sentinel that hangs, cuts, sends garbage or what nobody asked', async () => {
  liar.names = null
  const garbage = [
    null,
    Buffer.from('garbage\r\n'),
    Buffer.from('$-7\r\n'),
    Buffer.from(`$${'9'.repeat(30)}\r\n`),
    Buffer.from(`*${String(1024 * 1024)}\r\n`),
    Buffer.alloc(4 * 1024 * 1024, '>'),
    Buffer.from(`${'*1\r\n'.repeat(1000)}:1\r\n`),
    Buffer.from('+OK\r\n'),
    Buffer.from('_\r\n'),
  ]
  for (const bytes of garbage) {
    liar.instead = bytes
    liar.cut()
    const { requests } = liar
    await eventually('it answers that', 5000, () => liar.requests > requests + 1 || 'not')
    await nothingComesOf('garbage')
  }
  liar.instead = undefined
  liar.cut()
  await eventually('it is listened to again', 5000, () => liar.listeners > 0 || 'not')
  liar.blurt('+what nobody asked\r\n-ERR nor this\r\n')
  await log.noted('a sentinel is of no use', 'it answered what nobody asked')
  await nothingComesOf('unasked')
})

test('a failover beside the liar goes its way: the two that are honest are a majority', async () => {
  liar.names = { host: deployment.nodes[2]?.host ?? '', port: 6379, epoch: 999 }
  await deployment.kill('redis-2')
  await deployment.kill('redis-0')
  const primary = await log.follows(1)
  assert.ok(primary.epoch.number > 0 && primary.epoch.number < 99, String(primary.epoch.number))
  assert.equal(`${primary.address.host} ${String(primary.address.port)}`, second)
})

test('one that is honest and one that lies are no majority', async () => {
  await eventually('the honest ones agree', 10_000, () => {
    const said = log.discovery.sentinelsSay.map(({ primary }) => primary?.host)
    const wanted = deployment.nodes[1]?.host
    return (said[0] === wanted && said[1] === wanted) || String(said)
  })
  await deployment.kill('sentinel-0')
  liar.names = { host: deployment.nodes[0]?.host ?? '', port: 6379, epoch: 999 }
  deployment.startNode(0, null)
  const { current } = log.discovery
  const late = discover(deployment)
  try {
    for (const { discovery } of [log, late])
      await eventually('two are heard', 5000, () => {
        const said = discovery.sentinelsSay.map(({ primary }) => primary?.host ?? '')
        const wanted = ['', deployment.nodes[1]?.host ?? '', deployment.nodes[0]?.host ?? '']
        return String(said) === String(wanted) || String(said)
      })
    assert.deepEqual(await log.discovery.connection?.send([['PING']]), ['PONG'])
    assert.equal(log.discovery.current, current)
    assert.equal(late.discovery.current, null)
  } finally {
    late.discovery.stop()
  }
})
