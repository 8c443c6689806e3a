import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReplication } from './replication.ts'

const primary = [
  '# Server',
  'run_id:aa11',
  'tcp_port:6379',
  '',
  '# Replication',
  'role:master',
  'connected_slaves:3',
  'slave0:ip=127.0.1.2,port=6379,state=online,offset=1400,lag=0',
  'slave1:ip=127.0.1.3,port=6380,state=wait_bgsave,offset=0,lag=0',
  'slave2:ip=fd00::4,port=6379,state=online,offset=1390,lag=1',
  'master_failover_state:no-failover',
  'master_replid:bb22',
  'master_replid2:0000',
  'master_repl_offset:1410',
  'second_repl_offset:-1',
  '',
].join('\r\n')

test('what a primary says of itself and of who follows it', () => {
  assert.deepEqual(parseReplication(primary), {
    role: 'master',
    run: 'aa11',
    stream: 'bb22',
    offset: 1410,
    online: [
      { host: '127.0.1.2', port: 6379, offset: 1400 },
      { host: 'fd00::4', port: 6379, offset: 1390 },
    ],
  })
})

test('a replica, and what is no INFO', () => {
  const replica =
    '# Replication\r\nrole:slave\r\nmaster_host:127.0.1.1\r\nslave_repl_offset:7\r\nmaster_replid:cc\r\nmaster_repl_offset:7\r\n'
  assert.deepEqual(parseReplication(replica), { role: 'slave', run: '', stream: 'cc', offset: 7, online: [] })
  assert.deepEqual(parseReplication(''), { role: 'unknown', run: '', stream: '', offset: -1, online: [] })
})
