import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProcesses } from './process-table.ts'

const rest = '20 0 1 0'
const stat = (pid: number, name: string, state: string, parent: number, startTime: number): string =>
  `${String(pid)} (${name}) ${state} ${String(parent)} 1 1 0 -1 4194560 1130 0 0 0 1 0 0 0 ${rest} ${String(startTime)} 5 6`

test('who is who in the container of a Redis node', () => {
  const text = [
    `${stat(1, 'tini', 'S', 0, 38)}\ttini -- node main.ts agent`,
    `${stat(8, 'MainThread', 'S', 1, 40)}\tnode --max-semi-space-size=4 /opt/holdfast/src/cli/main.ts agent`,
    `${stat(20, 'redis-server', 'T', 8, 90)}\t/usr/bin/redis-server /var/lib/holdfast/nodes/0/redis.conf --replica-priority 0`,
    `${stat(28, 'redis-server', 'S', 8, 91)}\t/usr/bin/redis-server /var/lib/holdfast/nodes/0/sentinel.conf --sentinel`,
    `${stat(33, 'redis-server', 'R', 20, 99)}\tredis-aof-rewrite /var/lib/holdfast/nodes/0/redis.conf`,
    `${stat(34, 'sh (x) y', 'S', 0, 99)}\t/bin/sh -c`,
    '',
  ].join('\n')
  assert.deepEqual(parseProcesses(text), [
    { role: 'main', pid: 8, startTime: '40', stopped: false },
    { role: 'redis', pid: 20, startTime: '90', stopped: true },
    { role: 'sentinel', pid: 28, startTime: '91', stopped: false },
  ])
})

test('one that has ended and was not reaped yet is none, and what the others started is nothing of it', () => {
  const text = [
    `${stat(8, 'MainThread', 'S', 1, 40)}\tnode main.ts gateway`,
    `${stat(9, 'redis-server', 'Z', 8, 41)}\t/usr/bin/redis-server /x/redis.conf`,
  ].join('\n')
  assert.deepEqual(parseProcesses(text), [{ role: 'main', pid: 8, startTime: '40', stopped: false }])
  assert.deepEqual(parseProcesses(''), [])
})
