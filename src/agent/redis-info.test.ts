import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attachedReplicas, parseInfo } from './redis-info.ts'

const text =
  '# Replication\r\nrole:master\r\nconnected_slaves:2\r\n' +
  'slave0:ip=127.0.1.2,port=6379,state=online,offset=84,lag=1\r\n' +
  'slave1:ip=127.0.1.3,port=6380,state=wait_bgsave,offset=0,lag=0\r\n' +
  'slave_repl_offset:99\r\n\r\n# Server\r\nexecutable:/usr/bin/a:b\r\n'

test('fields are read, sections and empty lines are not', () => {
  const info = parseInfo(text)
  assert.equal(info.get('role'), 'master')
  assert.equal(info.get('executable'), '/usr/bin/a:b')
  assert.deepEqual(
    [...info.keys()].filter((key) => key.includes('#') || key === ''),
    [],
  )
})

test('replicas come with address, state, offset and lag; other slave_ fields are none', () => {
  assert.deepEqual(attachedReplicas(parseInfo(text)), [
    { address: '127.0.1.2', port: 6379, online: true, offset: 84, lagSeconds: 1 },
    { address: '127.0.1.3', port: 6380, online: false, offset: 0, lagSeconds: 0 },
  ])
  assert.deepEqual(attachedReplicas(parseInfo('')), [])
})
