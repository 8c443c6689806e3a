import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MissingMembers } from './missing-members.ts'

const limits = { silentMs: 1000, waitMs: 250 }

test('a member that hangs leaves after the time that silence is allowed', () => {
  const missing = new MissingMembers()
  missing.saw({ neededOffset: 100, acknowledged: new Map([[2, 50]]) })
  assert.deepEqual(missing.leaving({ gone: [], behind: [2] }, 1000, limits), [])
  assert.deepEqual(missing.leaving({ gone: [], behind: [2] }, 1700, limits), [])
  assert.deepEqual(missing.leaving({ gone: [], behind: [2] }, 1750, limits), [2])
})

test('a member that lags but goes on acknowledging is given time', () => {
  const missing = new MissingMembers()
  for (let at = 0; at < 5000; at += 250) {
    missing.saw({ neededOffset: 100 + at, acknowledged: new Map([[2, at]]) })
    assert.deepEqual(missing.leaving({ gone: [], behind: [2] }, at, limits), [])
  }
})

test('a member without a link leaves soon, and is forgotten when it is back', () => {
  const missing = new MissingMembers()
  missing.saw({ neededOffset: 100, acknowledged: new Map() })
  assert.deepEqual(missing.leaving({ gone: [1], behind: [] }, 0, limits), [])
  assert.deepEqual(missing.leaving({ gone: [], behind: [] }, 50, limits), [])
  assert.deepEqual(missing.leaving({ gone: [1], behind: [] }, 120, limits), [])
  assert.deepEqual(missing.leaving({ gone: [1], behind: [] }, 220, limits), [1])
})

test('a primary that was stopped itself does not accuse its replicas of its own silence', () => {
  const missing = new MissingMembers()
  missing.saw({ neededOffset: 100, acknowledged: new Map([[2, 50]]) })
  // the round that saw it took two seconds
  assert.deepEqual(missing.leaving({ gone: [], behind: [2] }, 2000, limits), [])
})

test('a member goes on while it acknowledges anything new, or has all there is', () => {
  const missing = new MissingMembers()
  const rounds: readonly [needed: number, acknowledged: number | null, goesOn: boolean][] = [
    [100, 50, true],
    [200, 60, true],
    [300, 60, false],
    [300, null, false],
    [300, 300, true],
    [300, 300, true],
    [400, 300, false],
  ]
  for (const [neededOffset, offset, goesOn] of rounds) {
    missing.saw({ neededOffset, acknowledged: new Map(offset === null ? [] : [[2, offset]]) })
    assert.equal(missing.goesOn(2), goesOn, `${offset ?? 'nothing'} of ${neededOffset}`)
  }
})
