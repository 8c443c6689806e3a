import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addressKey } from '../../src/discovery/address.ts'
import { eventually } from '../harness/eventually.ts'
import { PlainSentinels } from '../harness/plain-sentinels.ts'
import { discover } from '../harness/standalone-discovery.ts'

const deployment = new PlainSentinels()
const log = discover(deployment)

/** The tests of this file are one story: each begins where the one before left the deployment. */
before(() => deployment.start())

after(async () => {
  log.discovery.stop()
  await deployment.stop()
})

test('the primary that the sentinels name, with the database for markers selected', async () => {
  const primary = await log.follows(0)
  assert.equal(primary.node, null)
  assert.deepEqual(primary.epoch, { number: 0, node: 0 })
  assert.deepEqual(primary.members, [])
  const info = await deployment.info(0, 'server')
  assert.ok(info.includes(`run_id:${primary.run}`))
  const [set] = (await log.discovery.connection?.send([['SET', 'marker', '1']])) ?? []
  assert.equal(set, 'OK')
  assert.match(await deployment.info(0, 'keyspace'), /db15:keys=1/)
})

test('what cannot work is said once: a name nobody knows, a wrong password, a database that is not there', async () => {
  const stranger = discover(deployment, { name: 'another' })
  const wrong = discover(deployment, { password: 'guessed' })
  const beyond = discover(deployment, { markersDb: 16 })
  try {
    await stranger.noted('a sentinel is of no use', 'No such master with that name')
    await wrong.noted(
      'not taken up as primary',
      addressKey(deployment.nodes[0] ?? { host: '', port: 0 }),
      'WRONGPASS',
    )
    await beyond.noted('not taken up as primary', 'DB index is out of range')
    for (const { discovery, notes } of [stranger, wrong, beyond]) {
      assert.equal(discovery.current, null)
      assert.equal(new Set(notes).size, notes.length, notes.join('; '))
      assert.ok(!notes.some((note) => note.includes('guessed')))
    }
  } finally {
    for (const { discovery } of [stranger, wrong, beyond]) discovery.stop()
  }
})

test('a user of the sentinels that may only ask who is primary is enough', async () => {
  const user = { user: 'asks', password: 'who is it' }
  const rights = ['resetchannels', '-@all', '+sentinel|master', '+ping']
  for (const index of [0, 1, 2])
    await deployment.askSentinel(index, ['ACL', 'SETUSER', user.user, 'on', `>${user.password}`, ...rights])
  const poor = discover(deployment, { sentinelUser: user })
  try {
    await poor.follows(0)
    await poor.noted('a sentinel is only asked, not listened to', 'NOPERM')
  } finally {
    poor.discovery.stop()
  }
})

test('one sentinel of the list is enough when the others may be learned', async () => {
  const one = discover(deployment, { sentinels: deployment.sentinels.slice(1, 2), learnSentinels: true })
  try {
    await one.follows(0)
    await eventually('all three count', 5000, () => {
      const said = one.discovery.sentinelsSay.map(({ sentinel }) => sentinel).toSorted()
      return String(said) === String(deployment.sentinels.map(addressKey)) || String(said)
    })
  } finally {
    one.discovery.stop()
  }
})

test('sentinels all dead while the primary is well: it goes on, and a new gateway takes up nobody', async () => {
  const before = log.events.length
  for (const index of [0, 1, 2]) await deployment.kill(`sentinel-${String(index)}`)
  await eventually('silence', 5000, () => {
    const { sentinelsSay } = log.discovery
    return sentinelsSay.every(({ primary }) => primary === null) || JSON.stringify(sentinelsSay)
  })
  const late = discover(deployment)
  try {
    await late.noted('a sentinel is of no use', 'ECONNREFUSED')
    // a link that is cut by whatever stands between leads to the same process, which needs nobody's word
    log.discovery.resetLink('the test cuts it')
    await eventually('the link is back', 5000, () => log.events.at(-1) === 'link up' || log.events.join('; '))
    assert.deepEqual(log.events.slice(before), ['link down', 'link up'])
    assert.equal(late.discovery.current, null)
  } finally {
    late.discovery.stop()
  }
})

test('a primary that restarts while no sentinel can be asked is given up, until a majority names it', async () => {
  const [before] = log.primaries
  await deployment.kill('redis-0')
  deployment.startNode(0, null)
  await eventually('given up', 5000, () => log.discovery.current === null || log.events.join('; '))
  await log.noted('no majority of the sentinels stands behind it')
  for (const index of [0, 1]) deployment.startSentinel(index)
  const primary = await log.follows(0)
  assert.notEqual(primary.run, before?.run)
  assert.deepEqual(primary.epoch, { number: 0, node: 1 })
  deployment.startSentinel(2)
})

test('a primary that is made a replica by hand is given up', async () => {
  for (const index of [0, 1, 2]) await deployment.kill(`sentinel-${String(index)}`)
  const address = deployment.nodes[1]
  await deployment.ask(1, ['REPLICAOF', 'NO', 'ONE'])
  await deployment.ask(0, ['REPLICAOF', address?.host ?? '', '6379'])
  await eventually(
    'given up',
    5000,
    () => log.events.at(-1) === 'over it is no primary' || log.events.join('; '),
  )
  for (const index of [0, 1, 2]) deployment.startSentinel(index, 1)
  await log.follows(1)
})

test('a majority that names another node ends the reign, also while that one is no primary yet', async () => {
  for (const index of [0, 1, 2]) await deployment.kill(`sentinel-${String(index)}`)
  for (const index of [0, 1, 2]) deployment.startSentinel(index, 2)
  const named = `over a majority of the sentinels names ${addressKey(deployment.nodes[2] ?? { host: '', port: 0 })}`
  await eventually('given up', 5000, () => log.events.at(-1) === named || log.events.join('; '))
  assert.equal(log.discovery.current, null)
  await deployment.ask(2, ['REPLICAOF', 'NO', 'ONE'])
  await log.follows(2)
})
