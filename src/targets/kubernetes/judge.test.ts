import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { manifestInput } from '../../../test/harness/manifests.ts'
import type { Pod } from '../../render/kubernetes/objects.ts'
import { judge } from './judge.ts'
import type { ClusterObservation, GatewaySeen } from './observation.ts'
import { firstMissing } from './wait-ready.ts'

const existing = 'kubernetes: { existingRedis: { sentinels: [a, b, c] } }'

function pod(component: 'app' | 'gateway', isReady = true): Pod {
  const labels = { 'app.kubernetes.io/component': component }
  const status = { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] }
  return { metadata: { name: `counter-${component}`, labels }, status }
}

function seen(pods: readonly Pod[], gateway: GatewaySeen): ClusterObservation {
  return {
    topology: manifestInput(existing).topology,
    agents: [],
    nodes: null,
    app: null,
    gateway: null,
    pods,
    around: { events: [], claims: [], now: 0, lastLines: () => [] },
    gateways: new Map([['counter-gateway', gateway]]),
    service: null,
    machine: null,
  }
}

describe('before an existing Redis', () => {
  const gateway = { sessions: 1, parked: 0, primary: '10.0.0.1:6379' }

  test('it is healthy without nodes, and nothing waits for them', () => {
    const observation = seen([pod('app'), pod('gateway')], gateway)
    const status = judge(observation)
    assert.deepEqual([status.state, status.nodes, status.primary, status.problems], ['healthy', [], null, []])
    assert.equal(firstMissing({ seen: observation, status }), null)
  })

  test('a gateway that knows no primary is a problem, and says where to look', () => {
    const { state, problems } = judge(seen([pod('app'), pod('gateway')], { ...gateway, primary: null }))
    assert.equal(state, 'degraded')
    assert.deepEqual(problems, [
      {
        code: 'NO_PRIMARY',
        message: 'gateway-0 has no primary: what is written waits',
        hint: './holdfast logs gateway-0 says what its sentinels answer',
      },
    ])
  })

  test('without an instance that answers it is down', () => {
    assert.equal(judge(seen([pod('app', false), pod('gateway')], gateway)).state, 'down')
  })
})
