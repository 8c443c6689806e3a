import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readComponent, readFence, readFollow, readPriority, readTarget } from './requests.ts'

const epoch = { number: 3, node: 1 }
const record = { epoch, version: 2, members: [0, 2], commits: 7, run: 'ab' }
const refused = { code: 'USAGE' }

describe('what the agents are sent', () => {
  test('is read over the wire as it was', () => {
    assert.deepEqual(readFence(JSON.parse(JSON.stringify({ epoch }))), { epoch })
    assert.deepEqual(readFollow({ epoch, record, founding: true }), { epoch, record, founding: true })
    assert.equal(readFollow({ epoch, record }).founding, false)
    assert.deepEqual(readPriority({ value: 0, forMs: 60_000 }), { value: 0, forMs: 60_000 })
    assert.equal(readTarget({}), undefined)
    assert.equal(readTarget({ to: 2 }), 2)
    assert.equal(readComponent({ component: 'sentinel' }), 'sentinel')
  })

  for (const body of [null, undefined, 7, 'x', [], {}, { epoch: 3 }]) {
    test(`is refused where it is ${JSON.stringify(body)}`, () => {
      assert.throws(() => readFence(body), refused)
      assert.throws(() => readFollow(body), refused)
      assert.throws(() => readPriority(body), refused)
      assert.throws(() => readComponent(body), refused)
    })
  }

  for (const bad of [-1, 1.5, '1', null, 2 ** 60]) {
    test(`is refused where a number is ${JSON.stringify(bad)}`, () => {
      assert.throws(() => readFence({ epoch: { ...epoch, number: bad } }), refused)
      assert.throws(() => readFollow({ epoch, record: { ...record, version: bad } }), refused)
      assert.throws(() => readFollow({ epoch, record: { ...record, members: [0, bad] } }), refused)
      assert.throws(() => readTarget({ to: bad }), refused)
    })
  }

  test('is refused beyond the limits of a priority', () => {
    assert.throws(() => readPriority({ value: 101, forMs: 0 }), refused)
    assert.throws(() => readPriority({ value: 100, forMs: 60_001 }), refused)
  })
})
