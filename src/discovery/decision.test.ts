import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InSyncRecord } from '../insync/record.ts'
import { judge, judgeStandalone, type LastReign } from './decision.ts'
import type { NodeProbe } from './node-probe.ts'
import { parseReplication } from './replication.ts'

const record: InSyncRecord = {
  epoch: { number: 3, node: 1 },
  version: 0,
  members: [0, 2],
  commits: 7,
  run: 'a'.repeat(40),
}

function probe(
  change: { role?: 'master' | 'slave'; run?: string; record?: InSyncRecord | null } = {},
): NodeProbe {
  return {
    replication: {
      role: change.role ?? 'master',
      run: change.run ?? record.run,
      stream: 's',
      offset: 10,
      online: [],
    },
    record: change.record === undefined ? record : change.record,
  }
}

test('only a master whose own gate has passed in this life is taken up', () => {
  assert.equal(judge(1, probe(), null).kind, 'primary')
  assert.equal(judge(1, probe({ role: 'slave' }), null).kind, 'no')
  assert.equal(judge(1, probe({ record: null }), null).kind, 'no')
  assert.equal(judge(0, probe(), null).kind, 'no', 'the record of another node')
  assert.equal(judge(1, probe({ run: 'b'.repeat(40) }), null).kind, 'no', 'restarted')
})

test('no epoch behind the last one used, and none again that was seen to be over', () => {
  const at = (number: number, node: number, over: boolean): string =>
    judge(1, probe(), { epoch: { number, node }, over }).kind
  assert.equal(at(3, 1, false), 'primary')
  assert.equal(at(3, 1, true), 'no')
  assert.equal(at(3, 0, true), 'primary', 'equal numbers are ordered by node')
  assert.equal(at(3, 2, false), 'no')
  assert.equal(at(4, 0, false), 'no')
  assert.equal(at(2, 2, true), 'primary')
})

test('standalone: the role, and a majority of the sentinels', () => {
  const verdict = judgeStandalone('a:1', probe({ record: null }), null, 4)
  assert.deepEqual(verdict, { kind: 'primary', epoch: { number: 4, node: 0 }, run: record.run, members: [] })
  assert.equal(judgeStandalone('a:1', probe({ role: 'slave' }), null, 4).kind, 'no')
  assert.equal(judgeStandalone('a:1', probe(), null, null).kind, 'no', 'nobody stands behind it')
})

test('standalone: the process that is followed stays so without a majority; another life of it does not', () => {
  const last: LastReign = { key: 'a:1', epoch: { number: 4, node: 2 }, run: record.run, over: false }
  const at = (key: string, run: string, vouched: number | null, over = false) =>
    judgeStandalone(key, probe({ run }), { ...last, over }, vouched)
  const same = at('a:1', record.run, null)
  assert.deepEqual(same.kind === 'primary' && same.epoch, last.epoch)
  assert.equal(at('b:1', record.run, null).kind, 'no', 'another address')
  assert.equal(at('a:1', 'b'.repeat(40), null).kind, 'no', 'restarted')
  assert.equal(at('a:1', record.run, null, true).kind, 'no', 'given up')
  const restarted = at('a:1', 'b'.repeat(40), 4)
  assert.deepEqual(
    restarted.kind === 'primary' && restarted.epoch,
    { number: 4, node: 3 },
    'a reign of its own',
  )
})

test('INFO replication', () => {
  const info = parseReplication(
    [
      '# Replication',
      'role:master',
      'slave0:ip=127.0.1.2,port=6379,state=online,offset=120,lag=0',
      'slave1:ip=127.0.1.3,port=6379,state=wait_bgsave,offset=0,lag=0',
      'run_id:abc',
      'master_replid:s1',
      'master_replid2:0',
      'master_repl_offset:130',
      '',
    ].join('\r\n'),
  )
  assert.deepEqual(info, {
    role: 'master',
    run: 'abc',
    stream: 's1',
    offset: 130,
    online: [{ host: '127.0.1.2', port: 6379, offset: 120 }],
  })
})
