import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concludeGate, fence, follow, openGate, promote, seekFollow } from '../../test/model/gate-moves.ts'
import { crash, emptyVolume, noticeLoss, replicate, restart } from '../../test/model/node-moves.ts'
import { realRules, without } from '../../test/model/rules.ts'
import { play, type Move } from '../../test/model/scenario.ts'
import { beginRound, endRound, swap, write } from '../../test/model/traffic-moves.ts'

/** 2 helps 1 to its reign, loses its volume, and meets 0, which has not heard of that reign. */
const forgottenPromise: readonly Move[] = [
  [promote, [1]],
  [openGate, [1]],
  [fence, [1, 2]],
  [concludeGate, [1], false],
  [crash, [2]],
  [follow, [2]],
  [emptyVolume, [2]],
  [restart, [2]],
  [seekFollow, [0, 2], false],
  [follow, [2]],
  [replicate, [2]],
  [replicate, [2]],
  [noticeLoss, [0, 1]],
  [beginRound, [0], false],
  [replicate, [2]],
  [endRound, [], true],
  [swap, [], true],
  [write, [0], false],
  [beginRound, [0], false],
  [replicate, [2]],
  [endRound, [], true],
]

test('an emptied volume asks for the promises before it follows: without that, two reigns answer', () => {
  assert.equal(play(forgottenPromise, realRules).violation, null)
  const forgetful = play(forgottenPromise, without('blankAsksForPromises'))
  assert.match(
    forgetful.violation ?? forgetful.world.trace.join('\n'),
    /^split: write \d+ answered in 1\.0, and reign 2\.1/,
  )
})
