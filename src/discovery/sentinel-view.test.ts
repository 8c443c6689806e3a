import assert from 'node:assert/strict'
import { test } from 'node:test'
import { learnedSentinels } from './learned-sentinels.ts'
import { readEvent, readOthers, readPrimary, readStage } from './sentinel-view.ts'

const slave = 'slave 10.0.0.2:6379 10.0.0.2 6379 @ counter 10.0.0.1 6379'

test('events of a failover, of this deployment only', () => {
  const promoted = { kind: 'promoting', address: { host: '10.0.0.2', port: 6379 } }
  assert.deepEqual(readEvent('+selected-slave', slave, 'counter'), promoted)
  assert.deepEqual(readEvent('+promoted-slave', slave, 'counter'), promoted)
  assert.equal(readEvent('+promoted-slave', slave, 'another'), null)
  assert.equal(readEvent('+slave', slave, 'counter'), null)
  const switched = { kind: 'switched', address: { host: 'redis-1', port: 6380 } }
  assert.deepEqual(readEvent('+switch-master', 'counter redis-0 6379 redis-1 6380', 'counter'), switched)
  assert.equal(readEvent('+switch-master', 'another redis-0 6379 redis-1 6380', 'counter'), null)
  assert.deepEqual(readEvent('+vote-for-leader', 'abc 12', 'counter'), {
    kind: 'voted',
    leader: 'abc',
    epoch: 12,
  })
  const master = 'master counter 10.0.0.1 6379'
  assert.deepEqual(readEvent('-failover-abort-slave-timeout', master, 'counter'), { kind: 'aborted' })
  assert.equal(readEvent('-failover-abort-slave-timeout', master, 'another'), null)
})

test('garbage tells nothing', () => {
  const channels = ['+switch-master', '+promoted-slave', '+vote-for-leader', '-failover-abort-x', '']
  const messages = ['', ' ', 'counter', 'slave', 'slave a b', slave.slice(5), 'counter a b c 99999', 'id -1']
  for (const channel of channels)
    for (const message of messages)
      assert.equal(readEvent(channel, message, 'counter'), null, `${channel} ${message}`)
  for (const reply of [undefined, null, 7, 'x', [], ['ip'], ['ip', 3, 'port', 'x'], [[], null]]) {
    assert.equal(readPrimary(reply), null)
    assert.deepEqual(readOthers(reply), [])
  }
})

test('steps for the timeline', () => {
  const master = 'master counter 10.0.0.1 6379'
  assert.equal(readStage('+odown', `${master} #quorum 2/2`, 'counter'), 'down')
  assert.equal(readStage('+try-failover', master, 'counter'), 'tried')
  assert.equal(readStage('+elected-leader', master, 'counter'), 'elected')
  assert.equal(readStage('+selected-slave', slave, 'counter'), 'selected')
  assert.equal(readStage('+promoted-slave', slave, 'counter'), 'promoted')
  assert.equal(readStage('+switch-master', 'counter a 1 b 2', 'counter'), 'switched')
  assert.equal(readStage('+elected-leader', master, 'another'), null)
  assert.equal(readStage('+sdown', master, 'counter'), null)
  assert.equal(readStage('constructor', master, 'counter'), null)
})

test('SENTINEL MASTER and SENTINELS, whatever the deployment is called', () => {
  const master = ['name', 'ip', 'ip', '10.0.0.1', 'port', '6379', 'config-epoch', '3']
  assert.deepEqual(readPrimary(master), { address: { host: '10.0.0.1', port: 6379 }, epoch: 3 })
  assert.equal(readPrimary(master.slice(0, 6)), null, 'no epoch')
  const other = ['name', 'x', 'ip', '10.0.0.2', 'port', '26379', 'runid', 'abc']
  assert.deepEqual(readOthers([other, ['name', 'y']]), [
    { id: 'abc', address: { host: '10.0.0.2', port: 26_379 } },
  ])
})

const sentinel = (letter: string) => ({ id: letter, address: { host: letter, port: 26_379 } })
const listed = (letter: string, others: string) => ({
  ...sentinel(letter),
  others: others.split('').map(sentinel),
})
const learnedFrom = (...list: readonly ReturnType<typeof listed>[]): string =>
  learnedSentinels(list)
    .map(({ host }) => host)
    .join('')

test('sentinels are learned from more than half of those listed', () => {
  assert.equal(learnedFrom(listed('a', 'bc')), 'bc')
  assert.equal(learnedFrom(listed('a', 'bcd'), listed('b', 'acd'), listed('c', '')), 'd')
  assert.equal(learnedFrom(listed('a', 'bcxyz'), listed('b', 'ac'), listed('c', 'ab')), '')
})

test('one that is listed by its host name is not learned again by its address', () => {
  const byName = { id: 'b', address: { host: 'sentinel-b.example', port: 26_379 }, others: [sentinel('a')] }
  assert.deepEqual(learnedSentinels([listed('a', 'b'), byName]), [])
  const twice = { ...listed('a', ''), others: [sentinel('b'), sentinel('b')] }
  assert.deepEqual(learnedSentinels([twice, listed('c', '')]), [], 'one that names it twice counts once')
})
