import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayMetrics } from './metrics.ts'
import type { GatewayStatus } from './status.ts'

const status: GatewayStatus = {
  name: 'gateway',
  sessions: 7,
  parked: 3,
  inFlight: 2,
  unconfirmed: 1,
  primary: 'redis-0',
  epoch: '4.0',
  members: ['redis-1', 'redis-2'],
  reachable: true,
  holding: false,
  sentinels: [],
  majorities: [],
}

function metrics() {
  return gatewayMetrics(
    () => status,
    () => ({ residentBytes: 5e7, cpuSeconds: 1.5, startSeconds: 1.7e9 }),
  )
}

test('what was counted is what is told', () => {
  const { counters, primaries, confirmed, text } = metrics()
  counters.commands.write += 5
  counters.replayed = 4
  counters.duplicatesSuppressed = 3
  counters.uncertain = 2
  counters.tryAgain = 1
  counters.failovers = 6
  counters.holdExhausted = 8
  primaries.inc()
  confirmed(3)
  const lines = text().body.split('\n')
  for (const line of [
    'holdfast_gateway_sessions 7',
    'holdfast_gateway_parked 3',
    'holdfast_gateway_members 2',
    'holdfast_gateway_epoch 4',
    'holdfast_gateway_commands_total{class="write"} 5',
    'holdfast_gateway_commands_total{class="read"} 0',
    'holdfast_gateway_replayed_total 4',
    'holdfast_gateway_duplicates_suppressed_total 3',
    'holdfast_gateway_uncertain_total 2',
    'holdfast_gateway_try_again_total 1',
    'holdfast_gateway_failovers_total 6',
    'holdfast_gateway_hold_exhausted_total 8',
    'holdfast_gateway_primaries_total 1',
    'holdfast_gateway_confirmations_total 1',
    'holdfast_gateway_confirmation_seconds_bucket{le="0.005"} 1',
    'process_resident_memory_bytes 50000000',
  ])
    assert.ok(lines.includes(line), line)
})

test('times fall into their bucket and all above it', () => {
  const { counters, text } = metrics()
  for (const milliseconds of [50, 51, 150, 60_000]) counters.parkedFor(milliseconds)
  counters.upstreamTook(0.4)
  const { body } = text()
  const bucket = (name: string, le: string): string | undefined =>
    new RegExp(
      `^holdfast_gateway_${name}_seconds_bucket\\{le="${le.replace('+', '\\+')}"\\} (\\S+)$`,
      'm',
    ).exec(body)?.[1]
  assert.deepEqual(
    ['0.05', '0.1', '0.2', '20', '+Inf'].map((le) => bucket('parked', le)),
    ['1', '2', '3', '3', '4'],
  )
  assert.match(body, /^holdfast_gateway_parked_seconds_count 4$/m)
  assert.match(body, /^holdfast_gateway_parked_seconds_sum 60\.251$/m)
  assert.equal(bucket('upstream', '0.0005'), '1')
})

test('every sample stands under the name and the type of its family, and no family twice', () => {
  const { body } = metrics().text()
  const families: string[] = []
  let type = ''
  for (const line of body.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (kind === 'HELP') families.push(name)
    else if (kind === 'TYPE') {
      assert.equal(name, families.at(-1))
      type = rest
    } else {
      const [, sample = ''] = /^([a-z_]+)(?:\{[a-z]+="[^"]+"\})? \d+(?:\.\d+)?$/.exec(line) ?? []
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      assert.ok(
        suffixes.some((suffix) => sample === `${families.at(-1) ?? ''}${suffix}`),
        line,
      )
      assert.equal(type === 'counter', sample.endsWith('_total'), line)
    }
  }
  assert.equal(new Set(families).size, families.length)
})
