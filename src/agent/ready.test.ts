import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AgentState, RedisState } from './api.ts'
import { isReady } from './ready.ts'

const epoch = { number: 3, node: 0 }
const replica: RedisState = {
  up: true,
  loading: false,
  role: 'slave',
  follows: 'redis-0:6379',
  linkUp: true,
  syncing: false,
  replid: 'a',
  offset: 10,
  record: { epoch, version: 1, members: [1, 2], commits: 5, run: 'r' },
}

function state(changes: Partial<AgentState>, redis: Partial<RedisState> = {}): AgentState {
  return {
    node: 1,
    pid: 1,
    promise: epoch,
    intact: true,
    virgin: false,
    founding: false,
    stopping: false,
    restarted: false,
    redis: { ...replica, ...redis },
    sentinel: { up: true, primarySeen: 'redis-0', epoch: 3 },
    reign: null,
    doing: '',
    problems: [],
    ...changes,
  }
}

test('a replica is ready while every answer waits for it', () => {
  assert.equal(isReady(state({})), true)
  assert.equal(isReady(state({ node: 0 })), false, 'outside of the in-sync set')
  assert.equal(isReady(state({}, { record: null })), false)
  assert.equal(isReady(state({}, { linkUp: false })), false)
  assert.equal(isReady(state({}, { syncing: true })), false)
})

test('a primary is ready once its gate has passed', () => {
  assert.equal(isReady(state({ node: 0 }, { role: 'master' })), false)
  assert.equal(isReady(state({ node: 0, reign: epoch }, { role: 'master' })), true)
})

test('a node that loads or is down is not ready, nor one that ends', () => {
  assert.equal(isReady(state({}, { up: false, role: 'unknown', linkUp: false, record: null })), false)
  assert.equal(isReady(state({ stopping: true })), false)
})
