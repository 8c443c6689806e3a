import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { watchLogs } from './log-watch.ts'

const startedAtMs = Date.parse('2025-06-01T03:00:00.000Z')

/** Logs as a target gives them: what is there, and when it is followed the same again and what comes. */
function logsOf(old: readonly string[], fresh: readonly string[]) {
  return {
    async *logs(_component: string | undefined, { follow }: { readonly follow: boolean }) {
      yield* old
      if (follow) yield* fresh
      await setImmediate()
    },
  }
}

const failover = (time: string, more: object): string =>
  `gateway | ${JSON.stringify({ level: 'info', time, msg: 'failover', ...more })}`

test('changes of the primary count from the loss, and name who took over; those before the run are left out', async () => {
  const steps = { lostMs: 60, electedMs: 0, downMs: null, takenMs: 100, resumedMs: 160, pausedMs: 100 }
  const watch = await watchLogs(
    logsOf(
      [failover('2025-06-01T02:59:00.000Z', steps), 'gateway | {"msg":"primary taken up","node":2}'],
      ['gateway | {"msg":"primary taken up","node":1}', failover('2025-06-01T03:00:05.000Z', steps)],
    ),
    startedAtMs,
  )
  await watch.stop()
  assert.deepEqual(watch.failovers, [
    { atMs: 4900, node: 'redis-1', steps: { lost: 0, elected: -60, down: null, taken: 40, resumed: 100 } },
  ])
})

test('a crash is seen in whoever’s log, unless it is older than the run', async () => {
  const old = 'redis-1 | === REDIS BUG REPORT START: Cut & paste starting from here ==='
  const fresh = [
    'redis-2 | === REDIS BUG REPORT START: Cut & paste starting from here ===',
    'gateway | unexpected error: TypeError: x is not a function',
    'agent-0 | {"level":"error","msg":"something that it copes with"}',
    'app-1 | node:internal/process: Uncaught Error',
  ]
  const watch = await watchLogs(logsOf([old], fresh), startedAtMs)
  await watch.stop()
  assert.deepEqual(
    watch.crashes.map((line) => line.split(':')[0]),
    ['redis-2', 'gateway', 'app-1'],
  )
})

test('of several gateways one tells of the failovers', async () => {
  const lines = [2, 1].flatMap((gateway) => [
    failover('2025-06-01T03:00:05.000Z', { lostMs: 0, resumedMs: 100 }).replace(
      'gateway |',
      `gateway-${String(gateway)} |`,
    ),
  ])
  const watch = await watchLogs(logsOf([], lines), startedAtMs)
  await watch.stop()
  assert.equal(watch.failovers.length, 1)
})
