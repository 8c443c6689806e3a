import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '../harness/cutting-plan.ts'
import { ExactlyOnceScene } from '../harness/exactly-once-scene.ts'
import { erasableIncrOf, erasableRpushOf, swappedIncrOf } from '../harness/witnesses-of-erasure.ts'

// Somebody erases, swaps or evicts data, and markers with it, while writes are in flight: nothing runs twice.

const lost: Step = { at: 'batch', fate: 'unanswered', purpose: 'lane' }
const unsent: Step = { at: 'batch', fate: 'before', purpose: 'lane' }
const markersDb = '16'

test('FLUSHALL through the gateway, then straight on the primary, then markers alone that go', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  let erased = 0
  let mayBeUncertain = false
  const allowed = { erased: () => erased, uncertain: () => mayBeUncertain }
  await scene.watchedBy(
    ...['a', 'b', 'c', 'd'].map((key) => erasableIncrOf(key, allowed)),
    ...['e', 'f', 'g', 'h'].map((key) => erasableRpushOf(key, allowed)),
  )
  await scene.goesOn(20)

  // markers stay
  const caller = await scene.caller()
  for (const step of [lost, unsent, lost, unsent]) {
    erased++
    const [answer] = await Promise.all([caller.call('FLUSHALL'), scene.suffers([step])])
    assert.equal(answer, 'OK')
    await scene.goesOn(20)
  }
  caller.close()

  // markers and the record go
  mayBeUncertain = true
  const { redis: primary } = await scene.primary()
  for (const step of [lost, unsent, lost, unsent]) {
    erased++
    await Promise.all([primary.call('FLUSHALL'), scene.suffers([step])])
    await scene.goesOn(20)
  }

  // a batch that ran, or did not, and nothing is left that could tell
  await primary.call('SELECT', markersDb)
  const uncertain = (): number => Object.values(scene.uncertain()).reduce((sum, each) => sum + each, 0)
  for (const step of [lost, unsent, lost, unsent]) {
    const before = uncertain()
    await scene.happens([step, { at: 'recover', fate: 'paused' }])
    const markers = (await primary.call('KEYS', 'holdfast:marker:*')) as string[]
    assert.notDeepEqual(markers, [])
    await primary.call('DEL', ...markers)
    scene.relay.release()
    await scene.goesOn(20)
    assert.ok(uncertain() > before)
  }
  await scene.close(t)
})

test('SWAPDB: of databases that clients have, as Redis does it; never of the one with the markers', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  let swapped = 0
  await scene.watchedBy(...['a', 'b', 'c', 'd'].map((key) => swappedIncrOf(key, () => swapped)))
  await scene.goesOn(20)
  const caller = await scene.caller()
  for (const step of [lost, unsent, lost, unsent]) {
    swapped++
    const [answer] = await Promise.all([caller.call('SWAPDB', '0', '1'), scene.suffers([step])])
    assert.equal(answer, 'OK')
    await scene.goesOn(20)
  }
  await assert.rejects(caller.call('SWAPDB', '0', markersDb), /ERR DB index is out of range/)
  caller.close()
  await scene.close(t)
})
