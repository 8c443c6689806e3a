import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../render/kubernetes/objects.ts'
import { sourcesOf } from './logs.ts'
import { partsOf, podName } from './parts.ts'
import { nextToReplace } from './roll.ts'

function pod(name: string, component: string, metadata: object = {}, status: object = {}): Pod {
  const labels = { 'app.kubernetes.io/component': component }
  return { metadata: { name, labels, creationTimestamp: '2026-01-01T00:00:00Z', ...metadata }, status }
}

const pods = [
  pod('counter-abc', 'app', { creationTimestamp: '2026-01-03T00:00:00Z' }),
  pod('counter-xyz', 'app', { creationTimestamp: '2026-01-02T00:00:00Z' }),
  pod('counter-old', 'app', { deletionTimestamp: '2026-01-04T00:00:00Z' }),
  pod('counter-evicted', 'app', {}, { phase: 'Failed' }),
  pod('counter-redis-10', 'redis'),
  pod('counter-redis-0', 'redis'),
  pod('counter-gateway-a', 'gateway'),
]

describe('the parts of a deployment', () => {
  test('are named by their node, or counted from the oldest; what ends or has ended is none', () => {
    assert.deepEqual(
      partsOf(pods).map(({ name, pod: { metadata } }) => [name, metadata?.name]),
      [
        ['redis-0', 'counter-redis-0'],
        ['redis-10', 'counter-redis-10'],
        ['gateway-0', 'counter-gateway-a'],
        ['app-0', 'counter-xyz'],
        ['app-1', 'counter-abc'],
      ],
    )
  })

  test('have logs of their own, also where one container writes three', () => {
    const shown = (component: string, line: string) =>
      sourcesOf(partsOf(pods), component).map(({ pod: of, container, shows }) => [of, container, shows(line)])
    assert.deepEqual(shown('redis-0', '17:M 28 Nov 2026 * Ready'), [['counter-redis-0', 'redis', true]])
    assert.deepEqual(shown('sentinel-0', '17:M 28 Nov 2026 * Ready'), [['counter-redis-0', 'redis', false]])
    assert.deepEqual(shown('sentinel-0', '18:X 28 Nov 2026 # +sdown'), [['counter-redis-0', 'redis', true]])
    assert.deepEqual(shown('agent-0', '{"level":"info"}'), [['counter-redis-0', 'redis', true]])
    assert.deepEqual(shown('app-1', 'hello'), [['counter-abc', 'app', true]])
    assert.deepEqual(shown('gateway', 'hello'), [['counter-gateway-a', 'gateway', true]])
    assert.deepEqual(shown('app-9', 'hello'), [])
  })

  test('all logs together say whose each line is, the gateways beside instances too', () => {
    assert.deepEqual(
      sourcesOf(partsOf(pods), undefined).map(({ prefix }) => prefix),
      [
        'redis-0 | ',
        'redis-10 | ',
        'gateway-0 | ',
        'app-0 | ',
        'app-0 gateway | ',
        'app-1 | ',
        'app-1 gateway | ',
      ],
    )
  })
})

test('of outdated Redis nodes the replicas are replaced first, and the primary last', () => {
  const nodes = [0, 1, 2].map((index) => pod(`counter-redis-${String(index)}`, 'redis'))
  const order = (primary: string | null) => {
    const left = [...nodes]
    const done: string[] = []
    for (;;) {
      const next = nextToReplace(left, primary)
      if (next === undefined) return done
      done.push(podName(next))
      left.splice(left.indexOf(next), 1)
    }
  }
  assert.deepEqual(order('redis-2'), ['counter-redis-1', 'counter-redis-0', 'counter-redis-2'])
  assert.deepEqual(order('redis-0'), ['counter-redis-2', 'counter-redis-1', 'counter-redis-0'])
})
