import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { majorityOf } from './majorities.ts'
import fc from 'fast-check'
import { confirmation, membersWith, membersWithout, type Round } from './confirm.ts'
import type { InSyncRecord } from './record.ts'

const epoch = { number: 4, node: 0 }
const record: InSyncRecord = { epoch, version: 2, members: [1, 2], commits: 9, run: 'own' }
const round: Round = {
  record,
  role: 'master',
  run: 'own',
  neededOffset: 100,
  written: true,
  sameStream: true,
  acknowledged: new Map([
    [1, 100],
    [2, 140],
  ]),
}

describe('a round of confirmation', () => {
  test('confirms when every member acknowledged all that is needed', () => {
    assert.deepEqual(confirmation(round, epoch, majorityOf(3)), { kind: 'confirmed', record })
  })

  test('names members that are gone and members that are behind', () => {
    const acknowledged = new Map([[2, 99]])
    assert.deepEqual(confirmation({ ...round, acknowledged }, epoch, majorityOf(3)), {
      kind: 'missing',
      record,
      gone: [1],
      behind: [2],
    })
  })

  test('does not count others in place of a member', () => {
    const acknowledged = new Map([
      [1, 100],
      [3, 100],
      [4, 100],
    ])
    const verdict = confirmation({ ...round, acknowledged }, epoch, majorityOf(3))
    assert.equal(verdict.kind, 'missing')
  })

  test('answers nothing with fewer members than f', () => {
    const few = { ...record, members: [1] }
    assert.deepEqual(confirmation({ ...round, record: few }, epoch, majorityOf(5)), {
      kind: 'missing',
      record: few,
      gone: [],
      behind: [],
    })
  })

  const ends: readonly [string, Partial<Round>][] = [
    ['the node is a replica', { role: 'slave' }],
    ['its role is unknown', { role: 'unknown' }],
    ['it holds no record', { record: null }],
    ['its record is of a later epoch', { record: { ...record, epoch: { number: 5, node: 0 } } }],
    ['its record is of an earlier epoch', { record: { ...record, epoch: { number: 3, node: 0 } } }],
    ['its record is of another node', { record: { ...record, epoch: { number: 4, node: 1 } } }],
    ['it restarted or was promoted anew', { run: 'another' }],
  ]
  for (const [name, change] of ends) {
    test(`is over when ${name}`, () => {
      assert.equal(confirmation({ ...round, ...change }, epoch, majorityOf(3)).kind, 'over')
    })
  }

  test('confirms exactly when each member is at or beyond the offset', () => {
    const offsets = fc.array(fc.option(fc.integer({ min: 90, max: 110 })), { minLength: 4, maxLength: 4 })
    const members = fc.subarray([1, 2, 3, 4])
    fc.assert(
      fc.property(offsets, members, fc.integer({ min: 1, max: 2 }), (each, some, f) => {
        const named = some.filter((member) => member <= 2 * f)
        const acknowledged = new Map(each.flatMap((offset, i) => (offset === null ? [] : [[i + 1, offset]])))
        const verdict = confirmation(
          { ...round, record: { ...record, members: named }, acknowledged },
          epoch,
          majorityOf(2 * f + 1),
        )
        const all = named.every((member) => (acknowledged.get(member) ?? 0) >= 100)
        assert.equal(verdict.kind === 'confirmed', all && named.length >= f)
      }),
    )
  })
})

describe('the members', () => {
  test('never become fewer than f', () => {
    assert.deepEqual(membersWithout(record, [2], majorityOf(3)), [1])
    assert.equal(membersWithout(record, [1, 2], majorityOf(3)), null)
    assert.equal(membersWithout(record, [2], majorityOf(5)), null)
  })

  test('stay as they are when somebody leaves who is none', () => {
    assert.deepEqual(membersWithout(record, [3], majorityOf(5)), [1, 2])
  })

  test('never include the primary, come in order, and once', () => {
    const indices = fc.uniqueArray(fc.nat(6))
    fc.assert(
      fc.property(indices, fc.array(fc.nat(6)), fc.nat(6), (members, joining, node) => {
        const joined = membersWith({ ...record, epoch: { number: 1, node }, members }, joining)
        const expected = new Set([...members, ...joining].filter((index) => index !== node))
        assert.deepEqual(
          joined,
          [...expected].sort((a, b) => a - b),
        )
      }),
    )
  })
})

test('a round says nothing while the primary holds its append-only file back, or its stream changed', () => {
  assert.deepEqual(confirmation({ ...round, written: false }, epoch, majorityOf(3)), { kind: 'again' })
  assert.deepEqual(confirmation({ ...round, sameStream: false }, epoch, majorityOf(3)), { kind: 'again' })
})
