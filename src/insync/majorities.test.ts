import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { counts, isMajority, majorityOf, missing, type Majorities } from './majorities.ts'

const three = [0, 1, 2]
const five = [0, 1, 2, 3, 4]

test('more than half of all nodes are a majority', () => {
  assert.ok(isMajority([0, 2], majorityOf(3)))
  assert.ok(!isMajority([0, 3], majorityOf(3)))
  assert.equal(missing([4], majorityOf(5)), 2)
})

test('of two sets a majority of each is needed', () => {
  const both: Majorities = [three, five]
  assert.ok(isMajority([0, 1, 3], both))
  assert.ok(!isMajority([0, 3, 4], both))
  assert.ok(!isMajority([0, 1], both))
  assert.equal(missing([0, 3, 4], both), 1)
})

test('a node that is in no set counts for nothing', () => {
  assert.ok(counts(2, [three]) && !counts(3, [three]) && counts(3, [three, five]))
})

test('majorities of neighbouring stages of a change meet in a node', () => {
  const stages: readonly Majorities[] = [[three], [three, five], [five]]
  const some = fc.subarray(five)
  for (const [index, stage] of stages.entries()) {
    for (const next of [stage, ...stages.slice(index + 1, index + 2)]) {
      fc.assert(
        fc.property(some, some, (one, other) => {
          if (isMajority(one, stage) && isMajority(other, next))
            assert.ok(one.some((node) => other.includes(node)))
        }),
      )
    }
  }
})
