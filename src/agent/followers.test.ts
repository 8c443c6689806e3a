import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeTopology } from '../topology/topology.ts'
import { createFollowers } from './followers.ts'
import { downRedis, type InspectedRedis } from './redis-link.ts'

const reign = { number: 4, node: 0 }
const nodes = [0, 1, 2, 3, 4].map(
  (index) => ({ index, address: `10.0.0.${index}`, redisPort: 6379 }) as NodeTopology,
)

/** A primary at this offset, with what its replicas acknowledged. */
function primary(
  offset: number,
  acknowledged: Readonly<Record<number, number>>,
  online = true,
): InspectedRedis {
  const replicas = Object.entries(acknowledged).map(([node, at]) => ({
    address: `10.0.0.${node}`,
    port: 6379,
    online,
    offset: at,
    lagSeconds: 0,
  }))
  return { ...downRedis, up: true, role: 'master', runId: 'own', offset, replicas }
}

/** Looks every 200 ms. @returns what it was told each time */
function looks(f: number, seen: readonly InspectedRedis[], everyMs = 200): readonly number[] {
  const followers = createFollowers(nodes, f)
  return seen.map((redis, index) => followers.aloneMs(reign, redis, index * everyMs))
}

test('a primary is alone from when it heard the last replica that it needs', () => {
  const seen = [primary(10, { 1: 10, 2: 10 }), primary(20, { 1: 20, 2: 10 }), primary(30, { 1: 20, 2: 10 })]
  assert.deepEqual(looks(1, [...seen, primary(40, { 1: 20, 2: 10 })]), [0, 0, 200, 400])
})

test('one that lost its links is alone', () => {
  assert.deepEqual(looks(1, [primary(10, { 1: 10 }), primary(20, {}), primary(30, {})]), [0, 200, 400])
})

test('a replica that lags but goes on acknowledging is heard', () => {
  assert.deepEqual(
    looks(1, [primary(900, { 1: 10 }), primary(1800, { 1: 11 }), primary(2700, { 1: 12 })]),
    [0, 0, 0],
  )
})

test('a replica that has all there is, is heard', () => {
  const idle = primary(10, { 1: 10 })
  assert.deepEqual(looks(1, [idle, idle, idle]), [0, 0, 0])
})

test('with five nodes two must be heard', () => {
  const all = { 1: 10, 2: 10, 3: 10, 4: 10 }
  const seen = [primary(10, all), primary(20, { ...all, 1: 20, 2: 20 }), primary(30, { ...all, 1: 30 })]
  assert.deepEqual(looks(2, [...seen, primary(40, { ...all, 1: 40 })]), [0, 0, 200, 400])
})

test('a reign that never had enough followers is none that lost them', () => {
  assert.deepEqual(looks(1, [primary(10, {}), primary(20, { 1: 10 }, false), primary(30, {})]), [0, 0, 0])
})

test('a new reign begins anew', () => {
  const followers = createFollowers(nodes, 1)
  followers.aloneMs(reign, primary(10, { 1: 10 }), 0)
  assert.equal(followers.aloneMs(reign, primary(20, {}), 200), 200)
  assert.equal(followers.aloneMs(null, primary(20, {}), 400), 0)
  assert.equal(followers.aloneMs(reign, primary(20, {}), 600), 0)
})

test('time in which nobody could be heard does not count', () => {
  const seen = [primary(10, { 1: 10 }), primary(20, { 1: 10 }), primary(30, { 1: 10 })]
  assert.deepEqual(looks(1, seen, 5000), [0, 0, 0])
})
