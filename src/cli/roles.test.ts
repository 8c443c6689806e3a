import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeIndex } from './roles.ts'

test('a node is given by its index, or by the name of its pod', () => {
  assert.equal(nodeIndex('0'), 0)
  assert.equal(nodeIndex('counter-redis-2'), 2)
  assert.equal(nodeIndex('my.shop-3-redis-4'), 4)
})

test('nothing else is a node', () => {
  for (const text of [undefined, '', '12', 'redis', 'redis-', 'redis-12', 'redis1', 'redis-1 ', '-1'])
    assert.throws(() => nodeIndex(text), /agent needs the index of its Redis node/, String(text))
})
