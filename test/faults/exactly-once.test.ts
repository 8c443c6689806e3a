import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fate, How, Step } from '../harness/cutting-plan.ts'
import { ExactlyOnceScene } from '../harness/exactly-once-scene.ts'
import type { FrameKind } from '../harness/relay-frames.ts'
import { batchedWitnesses } from '../harness/witnesses.ts'

// Failures planted at every step between a gateway and its primary, under clients of which every answer is known beforehand. What ran
// twice, not at all, or was answered with anything but its own reply shows in the next one.

const lane = (at: FrameKind, fate: Fate, how: How = 'fin'): Step => ({ at, fate, how, purpose: 'lane' })
const lost = lane('batch', 'unanswered')

const plans: readonly (readonly Step[])[] = [
  // before the write, in the middle of it, right behind it
  ...(['before', 'half', 'racing'] as const).flatMap((fate) => [
    [lane('batch', fate)],
    [lane('batch', fate, 'rst')],
  ]),
  // after it and before its reply, in the middle of that, behind it and before the confirmation
  ...(['unanswered', 'half-answer', 'answered'] as const).flatMap((fate) => [
    [lane('batch', fate)],
    [lane('batch', fate, 'rst')],
  ]),
  // within the confirmation
  [lane('info', 'unanswered')],
  [lane('wait', 'before')],
  [lane('wait', 'unanswered')],
  [lane('wait', 'answered')],
  // its bytes arrive when the gateway has recovered without them
  [lane('batch', 'late')],
  [lane('batch', 'late', 'rst')],
  // reads
  [lane('command', 'unanswered')],
  [lane('command', 'half-answer')],
  // the recovery breaks too: before the marker is read, after it, and again
  ...(['connect', 'introduce', 'load', 'recover'] as const).map((at) => [lost, lane(at, 'before')]),
  ...(['unanswered', 'half-answer', 'answered'] as const).map((fate) => [lost, lane('recover', fate)]),
  [lost, lane('recover', 'unanswered'), lane('recover', 'answered'), lane('recover', 'before', 'rst')],
  [lane('batch', 'before'), lane('recover', 'unanswered'), lane('batch', 'unanswered')],
  // late bytes and a recovery that breaks
  [lane('batch', 'late'), lane('recover', 'unanswered'), lane('recover', 'answered')],
  [lane('recover', 'late')].flatMap((late) => [lost, late]),
  // twice in a row, and the batch that is sent again is lost as well
  [lost, lost, lost],
  [lane('batch', 'before'), lane('batch', 'before', 'rst'), lane('batch', 'unanswered', 'rst')],
]

test('a connection cut at any step: every answer is the right one, nothing is uncertain', async (t) => {
  const scene = await ExactlyOnceScene.start(t, { gateways: 2 })
  await scene.watchedBy(...batchedWitnesses('b'))
  await scene.goesOn()
  for (const plan of plans) await scene.suffers(plan)
  assert.ok(scene.relay.lateReplies.some(({ kind, reply }) => kind === 'batch' && reply.includes('LATE')))
  await scene.close(t)
})
