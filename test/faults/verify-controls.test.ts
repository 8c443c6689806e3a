import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startFrontDoor } from '../../bench/support/front-door.ts'
import { startSentinelPeer } from '../../bench/support/sentinel-peer.ts'
import { faults } from '../../src/verify/faults/all.ts'
import type { Fault } from '../../src/verify/faults/fault.ts'
import { keyPrefix } from '../../src/verify/keys.ts'
import { randomFrom } from '../../src/verify/random.ts'
import type { VerifyResult } from '../../src/verify/result.ts'
import { runVerify } from '../../src/verify/run.ts'
import { workloads } from '../../src/verify/workloads/all.ts'
import { startDeployment } from '../harness/deployment.ts'
import { peerDriver } from '../harness/peer-driver.ts'

// The drill against systems that are known to lose. Where it comes out as anything but violated, the drill is blind, and
// whatever it proved elsewhere is worth nothing.

/** What adds to what is there shows every loss. SET may cover one up: one that waited writes the whole count again. */
const adding = ['counter', 'incr', 'append', 'transaction', 'impatient']

/** Sentinel's own planned change: HAProxy goes on with the old primary until that is told, seconds later. */
const sentinelFailover: Fault = {
  name: 'sentinel-failover',
  description: 'SENTINEL FAILOVER, the planned change that Sentinel has',
  needs: ['switchover'],
  lastsMs: 1000,
  ordinary: false,
  run: async ({ driver, did }) => {
    await driver.switchover(undefined, new AbortController().signal)
    did('SENTINEL FAILOVER')
  },
}

test('HAProxy before plain Sentinel loses in a planned change, and the drill says so', async (t) => {
  const result = await drillPeer(t, sentinelFailover)
  assertViolated(result, /acknowledged calls? lost/, /gone back/)
  const { lost, back } = result.totals
  assert.ok(lost > 0 && back > 0, said(result))
  assertAccused(result, [...adding, 'getset-app'])
})

test('HAProxy before plain Sentinel lets errors through while its primary hangs, and the drill says so', async (t) => {
  const result = await drillPeer(t, named('pause-primary'))
  assertViolated(result, /errors? that clients saw and no fault explains/)
  assert.ok(sum(result.totals.errors) > 0 && sum(result.totals.explained) === 0, said(result))
})

test('without acknowledgement a primary that is cut off with its gateway loses, and the drill says so', async (t) => {
  const deployment = await startDeployment(t, '', 'ack: 0')
  await deployment.healthy()
  const { code, stdout, stderr } = await deployment.holdfast(
    ...['verify', '--json', '--for', '15s', '--seed', '3', '--faults', 'partition-primary-with-gateway@3s'],
  )
  const result = JSON.parse(stdout) as VerifyResult
  assertViolated(result, /acknowledged calls? lost/)
  assert.equal(code, 1, stderr)
  assert.ok(result.totals.lost > 0, said(result))
  assertAccused(result, adding)
})

async function drillPeer(t: TestContext, fault: Fault): Promise<VerifyResult> {
  const scope = new AsyncDisposableStack()
  t.after(() => scope.disposeAsync())
  const peer = await startSentinelPeer(scope, { askEveryMs: 150, network: `127.91.${process.pid % 250}` })
  const url = await startFrontDoor(scope, { program: 'counter.ts', host: peer.host, redis: peer })
  const random = randomFrom(1)
  return await runVerify({
    about: {
      command: 'a test',
      seed: 1,
      versions: {},
      subject: { name: 'HAProxy before plain Sentinel', target: 'local', settings: {} },
    },
    driver: peerDriver(peer, url),
    watchLogs: null,
    endpoints: { url, redis: [{ ...peer, db: 0 }] },
    workloads,
    plan: [{ fault, atMs: 3000, seed: 1, alone: true }],
    keepsTimes: false,
    f: 1,
    durationMs: 10_000,
    callers: 32,
    ratePerSecond: 200,
    prefix: `${keyPrefix}control:`,
    holdMs: 10_000,
    untouched: [],
    random: () => random.next(),
    signal: new AbortController().signal,
    progress: {
      step: (text) => {
        t.diagnostic(text)
      },
      waiting: () => undefined,
    },
    onOperations: () => undefined,
  })
}

function assertViolated(result: VerifyResult, ...words: readonly RegExp[]): void {
  assert.equal(
    result.verdict,
    'violated',
    `the drill is blind: it does not see what is lost here; ${said(result)}`,
  )
  assert.ok(
    result.faults.length === 1 && result.faults.every(({ failed }) => failed === null),
    `the fault did not do what it should: ${said(result)}`,
  )
  for (const expected of words)
    assert.match(result.words[0] ?? '', expected, `the drill does not say it in words: ${said(result)}`)
}

/** Each of these workloads has seen it for itself. */
function assertAccused({ workloads: verdicts, ...result }: VerifyResult, names: readonly string[]): void {
  const violated = verdicts
    .filter(({ result: verdict }) => verdict === 'violated')
    .map(({ workload }) => workload)
  const blind = names.filter((name) => !violated.includes(name))
  assert.deepEqual(blind, [], `blind: ${blind.join(', ')}; ${said({ ...result, workloads: verdicts })}`)
}

function said({ words, totals, workloads: verdicts }: VerifyResult): string {
  const each = verdicts.map(({ workload, result, acknowledged, notes }) => ({
    workload,
    result,
    acknowledged,
    notes,
  }))
  return JSON.stringify({ words, totals, each }, null, 1)
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0)
}

function named(name: string): Fault {
  const fault = faults.find((each) => each.name === name)
  assert.ok(fault, `there is no fault ${name}`)
  return fault
}
