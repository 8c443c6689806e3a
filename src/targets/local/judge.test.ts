import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AgentState } from '../../agent/api.ts'
import type { InSyncRecord } from '../../insync/record.ts'
import { parseSpec } from '../../spec/parse.ts'
import { buildTopology } from '../../topology/build.ts'
import { judge } from './judge.ts'
import type { Observation } from './observation.ts'

const topology = buildTopology(parseSpec('name: judged', 'holdfast.yaml'), '/srv')
const record: InSyncRecord = {
  epoch: { number: 4, node: 1 },
  version: 2,
  members: [0, 2],
  commits: 9,
  run: 'r',
}

function agent(node: number, more: Partial<AgentState> = {}): AgentState {
  const isPrimary = node === 1
  return {
    node,
    pid: 1,
    promise: record.epoch,
    intact: true,
    virgin: false,
    founding: false,
    stopping: false,
    restarted: false,
    redis: {
      up: true,
      loading: false,
      role: isPrimary ? 'master' : 'slave',
      follows: isPrimary ? null : '127.0.1.2:6379',
      linkUp: !isPrimary,
      syncing: false,
      replid: 'x',
      offset: isPrimary ? 100 : 90,
      record,
    },
    sentinel: { up: true, primarySeen: 'redis-1', epoch: 4 },
    reign: isPrimary ? record.epoch : null,
    doing: 'follows',
    problems: [],
    ...more,
  }
}

const well: Observation = {
  topology,
  agents: [agent(0), agent(1), agent(2)],
  gateway: { sessions: 3, parked: 0, primary: 'redis-1' },
  instances: [0, 1].map((index) => ({ index, health: 200, failures: 0, lastLines: [] })),
  frontDoor: 200,
  supervisor: { pid: 1, components: [], instances: [0, 1] },
  isRunning: true,
}

const codes = (seen: Partial<Observation>) => judge({ ...well, ...seen }).problems.map(({ code }) => code)

describe('what an observation means', () => {
  test('all well', () => {
    const status = judge(well)
    assert.deepEqual(
      [status.state, status.primary, status.epoch, status.problems],
      ['healthy', 'redis-1', 4, []],
    )
    assert.deepEqual(
      status.nodes.map(({ role, inSync, lagBytes }) => [role, inSync, lagBytes]),
      [
        ['replica', true, 10],
        ['primary', true, 0],
        ['replica', true, 10],
      ],
    )
    assert.equal(status.frontDoor.url, 'http://localhost:8080')
  })

  test('nothing runs: down, without a list of everything that is missing', () => {
    const nothing = {
      agents: [null, null, null],
      gateway: null,
      frontDoor: 'ECONNREFUSED',
      supervisor: null,
      isRunning: false,
    }
    const status = judge({ ...well, ...nothing })
    assert.deepEqual([status.state, status.problems], ['down', []])
  })

  test('of two that think they reign the one of the higher epoch does', () => {
    const agents = [agent(0, { reign: { number: 3, node: 0 } }), agent(1), agent(2)]
    assert.equal(judge({ ...well, agents }).primary, 'redis-1')
  })

  test('each fault is named and leaves it degraded, or down when nothing can be answered', () => {
    const dead = agent(2, { redis: { ...agent(2).redis, up: false } })
    assert.deepEqual(codes({ agents: [agent(0), agent(1), dead] }), ['NODE_DOWN'])
    assert.deepEqual(codes({ agents: [agent(0), agent(1), null] }), ['AGENT_DOWN'])
    const seesAnother = agent(0, { sentinel: { up: true, primarySeen: 'redis-2', epoch: 4 } })
    assert.deepEqual(codes({ agents: [seesAnother, agent(1), agent(2)] }), ['SENTINEL_DISAGREES'])
    const alone = agent(1, { redis: { ...agent(1).redis, record: { ...record, members: [2] } } })
    assert.deepEqual(codes({ agents: [agent(0), alone, agent(2)] }), ['NOT_IN_SYNC'])
    assert.deepEqual(codes({ supervisor: null }), ['SUPERVISOR_DOWN'])
    assert.equal(judge({ ...well, supervisor: null }).state, 'degraded')
    const damaged = { code: 'DATA_DAMAGED', message: 'its file is damaged', hint: 'mv' }
    assert.deepEqual(codes({ agents: [agent(0, { problems: [damaged] }), agent(1), agent(2)] }), [
      'DATA_DAMAGED',
    ])
    const [first] = well.instances
    assert.ok(first)
    const crashing = { ...first, health: 'ECONNREFUSED', failures: 4, lastLines: ['Traceback', 'KeyError'] }
    const seen = judge({ ...well, instances: [crashing] })
    assert.equal(seen.state, 'degraded')
    assert.match(seen.problems[0]?.message ?? '', /app-0 ended 4 times in a row.*\n +Traceback\n +KeyError/)
    const noPrimary = { agents: [agent(0), agent(1, { reign: null }), agent(2)] }
    assert.deepEqual(codes(noPrimary), ['NO_PRIMARY'])
    assert.equal(judge({ ...well, ...noPrimary }).state, 'down')
    assert.equal(judge({ ...well, frontDoor: 'ECONNREFUSED' }).state, 'down')
  })
})
