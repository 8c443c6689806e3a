import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'

import fc from 'fast-check'
import pico from 'picocolors'

import type { Status } from '../targets/status.ts'
import { readableLine } from './log-line.ts'
import { createProgress } from './progress.ts'
import { portsOnEveryAddress } from './public-listeners.ts'
import { quoteForShell } from './shell-quote.ts'
import { formatBytes, formatStatus } from './status-text.ts'
import { formatTable } from './table.ts'

const plain = pico.createColors(false)
const coloured = pico.createColors(true)

const healthy: Status = {
  name: 'counter',
  target: 'local',
  state: 'healthy',
  primary: 'redis-0',
  epoch: 3,
  nodes: [0, 1, 2].map((index) => ({
    name: `redis-${index}`,
    address: `127.0.1.${index + 1}:6379`,
    role: index === 0 ? 'primary' : 'replica',
    up: true,
    inSync: true,
    offset: 5000,
    lagBytes: index * 600,
    sentinel: { up: true, primarySeen: 'redis-0' },
  })),
  gateways: [{ name: 'gateway', address: '127.0.0.1:6379', up: true, sessions: 6, parked: 0 }],
  instances: [0, 1].map((index) => ({
    name: `app-${index}`,
    address: `127.0.0.1:${18_080 + index}`,
    up: true,
    healthy: true,
  })),
  frontDoor: { url: 'http://localhost:8080', up: true },
  problems: [],
}

describe('formatStatus', () => {
  it('shows a healthy deployment at a glance', () => {
    assert.equal(
      formatStatus(healthy, plain),
      `counter on this machine: healthy
http://localhost:8080   primary redis-0 (epoch 3)

REDIS NODE  ADDRESS         ROLE     IN SYNC  BEHIND  SENTINEL
redis-0     127.0.1.1:6379  primary  yes      -       sees redis-0
redis-1     127.0.1.2:6379  replica  yes      600 B   sees redis-0
redis-2     127.0.1.3:6379  replica  yes      1.2 kB  sees redis-0

PART        ADDRESS          STATE
gateway     127.0.0.1:6379   up     6 sessions
app-0       127.0.0.1:18080  up     healthy
app-1       127.0.0.1:18081  up     healthy
front-door  localhost:8080   up`,
    )
  })

  it('shows what is wrong and what to type', () => {
    const [first, ...others] = healthy.nodes
    assert.ok(first)
    const text = formatStatus(
      {
        ...healthy,
        state: 'degraded',
        primary: null,
        nodes: [
          { ...first, up: false, inSync: false, sentinel: { up: false, primarySeen: null } },
          ...others,
        ],
        gateways: healthy.gateways.map((gateway) => ({ ...gateway, sessions: 1, parked: 4 })),
        problems: [
          { code: 'NODE_DOWN', message: 'redis-0 does not run', hint: './holdfast restart redis-0' },
        ],
      },
      plain,
    )
    assert.match(text, /^counter on this machine: degraded\n.*no primary: writes wait/)
    assert.match(text, /redis-0 +127\.0\.1\.1:6379 +down +no +- +down/)
    assert.match(text, /1 session, 4 waiting/)
    assert.match(text, /\n\n! redis-0 does not run\n {4}\.\/holdfast restart redis-0$/)
  })

  it('before an existing Redis has no table of nodes, and no primary to miss', () => {
    const text = formatStatus({ ...healthy, target: 'kubernetes', primary: null, nodes: [] }, plain)
    assert.match(text, /^counter on kubernetes: healthy\n.*before a Redis of somebody else\n\nPART/)
  })

  it('is one line when nothing runs', () => {
    const down: Status = {
      ...healthy,
      state: 'down',
      nodes: [],
      gateways: [],
      instances: [],
      frontDoor: { url: 'http://localhost:8080', up: false },
    }
    assert.equal(formatStatus(down, plain), 'counter on this machine: down')
  })

  it('keeps its columns when it is coloured', () => {
    // eslint-disable-next-line no-control-regex -- the colours are what is taken away
    const withoutColours = formatStatus(healthy, coloured).replaceAll(/\u001b\[\d+m/g, '')
    assert.equal(withoutColours, formatStatus(healthy, plain))
  })
})

describe('small texts', () => {
  it('formatTable: columns as wide as their widest cell', () => {
    assert.deepEqual(
      formatTable([
        ['A', 'BB'],
        ['äää', ''],
        ['', 'x'],
      ]),
      ['A    BB', 'äää', '     x'],
    )
  })

  it('formatBytes', () => {
    const cases: [number, string][] = [
      [0, '0'],
      [1, '1 B'],
      [999, '999 B'],
      [1000, '1.0 kB'],
      [3.4e6, '3.4 MB'],
      [5e15, '5000.0 TB'],
    ]
    for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text)
  })

  it('quoteForShell: a real shell reads back every text', () => {
    const texts = fc.sample(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
      50,
    )
    for (const text of [...texts, "it's", "''", '$(id)`id`\\"', 'a\nb', '-n', '']) {
      const printed = execFileSync('/bin/sh', ['-c', `printf %s ${quoteForShell(text)}`]).toString()
      assert.equal(printed, text)
    }
  })

  it('readableLine: our JSON lines as a sentence, others as they are', () => {
    const cases: [string, string][] = [
      [
        '{"level":"warn","time":"2026-01-01T00:00:00.000Z","component":"gateway","pid":1,"msg":"no primary","sinceMs":20,"why":"a b"}',
        '2026-01-01T00:00:00.000Z warn  gateway: no primary sinceMs=20 why="a b"',
      ],
      ['{"level":30,"time":0,"msg":"listens","port":1}', '1970-01-01T00:00:00.000Z info  listens port=1'],
      [
        'supervisor | {"level":30,"time":0,"component":"supervisor","msg":"x"}',
        'supervisor | 1970-01-01T00:00:00.000Z info  x',
      ],
      [
        'supervisor | {"level":30,"time":0,"component":"app-0","msg":"started"}',
        'supervisor | 1970-01-01T00:00:00.000Z info  app-0: started',
      ],
      ['app-0 | {"level":50,"time":0,"msg":"x"}', 'app-0 | 1970-01-01T00:00:00.000Z error x'],
      [
        '1234:M 01 Jan 2026 * Ready to accept connections',
        '1234:M 01 Jan 2026 * Ready to accept connections',
      ],
      ['{"broken', '{"broken'],
      ['{"no":"message"}', '{"no":"message"}'],
      ['', ''],
    ]
    for (const [line, readable] of cases) assert.equal(readableLine(line, plain), readable)
  })

  it('portsOnEveryAddress: only listeners, only wildcards', () => {
    const table = `  sl  local_address rem_address   st tx_queue
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000
   1: 0100007F:18EB 00000000:0000 0A 00000000:00000000
   2: 00000000:0050 0100007F:9999 01 00000000:00000000
`
    assert.deepEqual(portsOnEveryAddress(table), [8080])
    const table6 = '   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A x'
    assert.deepEqual(portsOnEveryAddress(table6), [8081])
  })
})

describe('progress', () => {
  it('is plain lines in a pipe, each wait once', () => {
    const written: string[] = []
    const progress = createProgress(
      { isTTY: false, columns: 80, write: (text) => written.push(text) },
      () => 0,
    )
    progress.step('starts redis-0')
    progress.waiting('redis-0 to answer')
    progress.waiting('redis-0 to answer')
    progress.end()
    assert.deepEqual(written, ['starts redis-0\n', 'waiting: redis-0 to answer\n'])
  })

  it('on a terminal takes its line away again', () => {
    const written: string[] = []
    const progress = createProgress(
      { isTTY: true, columns: 40, write: (text) => written.push(text) },
      () => 0,
    )
    progress.waiting('redis-0 to answer, and everybody else who is needed for it')
    progress.step('done')
    progress.end()
    const [wait = '', ...rest] = written
    assert.equal(wait, '\r\u001b[2K… redis-0 to answer, and everybody else '.slice(0, 5 + 39))
    assert.deepEqual(rest, ['\r\u001b[2K', 'done\n'])
  })
})
