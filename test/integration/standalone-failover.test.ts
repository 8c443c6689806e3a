import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addressKey } from '../../src/discovery/address.ts'
import { eventually } from '../harness/eventually.ts'
import { PlainSentinels } from '../harness/plain-sentinels.ts'
import { discover } from '../harness/standalone-discovery.ts'

const deployment = new PlainSentinels({ hostNames: true })
const log = discover(deployment)
let primary = 0

/** The tests of this file are one story: each begins where the one before left the deployment, whose nodes have host names. */
before(async () => {
  await deployment.start()
  await deployment.settled(0)
  await log.follows(0)
})

after(async () => {
  log.discovery.stop()
  await deployment.stop()
})

/** @param meanwhile what is done again and again until it is there */
const nextPrimary = (meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<number> => {
  const old = primary
  return eventually('another primary', 15_000, async () => {
    const { current, connection } = log.discovery
    const at = deployment.nodes.findIndex(
      (node) => current !== null && addressKey(node) === addressKey(current.address),
    )
    if (at >= 0 && at !== old && connection !== null) return at
    const seen = await meanwhile()
    return [JSON.stringify(seen), ...log.events.slice(-4), ...log.notes.slice(-4)].join('; ')
  })
}

/** Until the failover is over for all of them: an old primary that is back before may yet undo it. */
async function announced(): Promise<void> {
  await eventually('all sentinels name it', 10_000, () => {
    const said = log.discovery.sentinelsSay.map((one) => one.primary?.host)
    return said.every((host) => host === deployment.nodes[primary]?.host) || String(said)
  })
}

test('kill -9 of the primary: it goes over to whom the elected sentinel promotes', async () => {
  const [first] = log.primaries
  await deployment.kill('redis-0')
  primary = await nextPrimary()
  const { current } = log.discovery
  assert.notEqual(current?.run, first?.run)
  assert.ok((current?.epoch.number ?? 0) > 0)
  assert.equal(current?.epoch.node, 1)
  const told = log.moments.filter((moment) => moment !== 'down' && moment !== 'switched')
  for (const moment of ['lost', 'elected', 'selected', 'master', 'taken'])
    assert.ok(told.includes(moment as 'lost'), `${moment} in ${String(told)}`)
  assert.ok(told.indexOf('elected') < told.lastIndexOf('taken'))
})

test('the old primary is back and says master: it is not followed', async () => {
  await announced()
  const before = log.events.length
  deployment.startNode(0, null)
  await eventually('it says master', 5000, async () => {
    const info = await deployment.info(0, 'replication')
    return info.includes('role:master') || info
  })
  log.discovery.resetLink('the test cuts it')
  await eventually('the link is back', 5000, () => log.events.at(-1) === 'link up' || log.events.join('; '))
  await deployment.settled(primary)
  assert.deepEqual(log.events.slice(before), ['link down', 'link up'])
})

test('SENTINEL FAILOVER: the old primary is given up, the new one taken up', async () => {
  const old = primary
  const before = log.primaries.at(-1)
  // refused for as long as another one is not quite over
  primary = await nextPrimary(() => deployment.askSentinel(1, ['SENTINEL', 'FAILOVER', deployment.name]))
  assert.ok((log.discovery.current?.epoch.number ?? 0) > (before?.epoch.number ?? 0))
  const since = log.events.slice(
    log.events.findIndex((event) => event.endsWith(`@${String(before?.epoch.number)}`)),
  )
  const replicaNow = await eventually('the old one is a replica', 10_000, async () => {
    const info = await deployment.info(old, 'replication')
    return info.includes('role:slave') || info
  })
  assert.ok(replicaNow)
  assert.match(since.at(-1) ?? '', /^primary /)
  await deployment.settled(primary)
})

test('a primary that hangs: given up once the sentinels name another; when it wakes up it stays given up', async () => {
  const old = primary
  deployment.signal(`redis-${String(old)}`, 'SIGSTOP')
  primary = await nextPrimary()
  await announced()
  const before = log.primaries.length
  deployment.signal(`redis-${String(old)}`, 'SIGCONT')
  await deployment.settled(primary)
  assert.equal(log.primaries.length, before)
  assert.equal(log.discovery.connection !== null, true)
})
