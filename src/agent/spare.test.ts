import assert from 'node:assert/strict'
import { test } from 'node:test'
import { majorityOf } from '../insync/majorities.ts'
import type { AgentState } from './api.ts'
import { downRedis } from './redis-link.ts'
import { maySpare } from './spare.ts'

const epoch = { number: 3, node: 0 }
const record = { epoch, version: 2, members: [1, 2], commits: 9, run: 'r' }
const durable = { promise: epoch, promiseKnown: true }

function state(node: number, change: Partial<AgentState> = {}): AgentState {
  return {
    node,
    pid: 1,
    promise: epoch,
    intact: true,
    virgin: false,
    founding: false,
    stopping: false,
    restarted: false,
    sentinel: { up: true, primarySeen: null, epoch: 0 },
    reign: null,
    doing: '',
    problems: [],
    redis: { ...downRedis, up: true, role: 'slave', linkUp: true, record },
    ...change,
  }
}

const primary = state(0, {
  reign: epoch,
  redis: { ...downRedis, up: true, role: 'master', record },
})
const replica = state(1)

test('a replica may begin empty when the primary and f others hold everything', () => {
  assert.equal(maySpare(2, majorityOf(3), durable, [primary, replica, null]), true)
})

test('not when it could be needed', () => {
  const cases: Readonly<Record<string, readonly (AgentState | null)[]>> = {
    'the primary is gone': [null, replica, null],
    'nobody serves': [{ ...primary, reign: null }, replica, null],
    'nobody holds it beside the primary': [primary, null, null],
    'the other was emptied': [primary, { ...replica, intact: false }, null],
    'the other restarted': [primary, { ...replica, restarted: true }, null],
    'the other is down': [primary, { ...replica, redis: downRedis }, null],
    'the other has lost its primary': [
      primary,
      { ...replica, redis: { ...replica.redis, linkUp: false } },
      null,
    ],
    'the other is not in the set': [
      { ...primary, redis: { ...primary.redis, record: { ...record, members: [2] } } },
      replica,
      null,
    ],
    'the record is of another epoch than the reign': [
      { ...primary, reign: { number: 4, node: 0 } },
      replica,
      null,
    ],
  }
  for (const [why, peers] of Object.entries(cases))
    assert.equal(maySpare(2, majorityOf(3), durable, peers), false, why)
})

test('not for a primary of an epoch below what it promised, nor while it does not know its promise', () => {
  const peers = [primary, replica, null]
  assert.equal(maySpare(2, majorityOf(3), { ...durable, promise: { number: 4, node: 1 } }, peers), false)
  assert.equal(maySpare(2, majorityOf(3), { ...durable, promiseKnown: false }, peers), false)
})

test('five nodes need two others', () => {
  const five = { ...record, members: [1, 2, 3, 4] }
  const held = { ...primary, redis: { ...primary.redis, record: five } }
  assert.equal(maySpare(4, majorityOf(5), durable, [held, replica, state(2), null, null]), true)
  assert.equal(maySpare(4, majorityOf(5), durable, [held, replica, null, null, null]), false)
})
