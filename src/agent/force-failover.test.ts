import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whomToAsk } from './force-failover.ts'
import type { SentinelView } from './sentinels.ts'

const dead = { up: false, primary: null }

/** Three sentinels that name redis-0, changed like this. */
function asked(...changes: readonly Partial<SentinelView>[]): number | null {
  const views = [0, 1, 2].map((index) => ({
    ...{
      index,
      up: true,
      primary: 0,
      failoverInProgress: false,
      tilt: false,
      downAfterMs: 2000,
      configEpoch: 1,
      others: 2,
    },
    ...changes[index],
  }))
  return whomToAsk(views, { gone: 0, quorum: 2, me: 0 })
}

test('a failover is asked for through the own sentinel, or another that can', () => {
  assert.equal(asked(), 0)
  assert.equal(asked(dead), 1)
  assert.equal(asked({ tilt: true }), 1)
  assert.equal(asked({ tilt: true }, dead), 2)
})

test('never from a minority', () => {
  assert.equal(asked({}, dead, dead), null)
})

test('not while a sentinel may have done it, or is doing it', () => {
  assert.equal(asked({}, { failoverInProgress: true }), null)
  assert.equal(asked({}, {}, { primary: 1 }), null)
})

test('all in tilt would accept it and do nothing', () => {
  assert.equal(asked({ tilt: true }, { tilt: true }, { tilt: true }), null)
})
