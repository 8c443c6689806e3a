import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Step } from '../harness/cutting-plan.ts'
import { ExactlyOnceScene } from '../harness/exactly-once-scene.ts'
import { blockingWitnesses, otherWitnesses } from '../harness/witnesses.ts'
import { evalOf } from '../harness/witnesses-of-numbers.ts'

test('a connection cut around a transaction of its own: uncertain at the worst, and never twice', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  await scene.watchedBy(...otherWitnesses('o'))
  await scene.goesOn()
  for (const at of ['watch', 'check', 'multi', 'command', 'mark', 'exec'] as const)
    for (const fate of ['before', 'racing', 'unanswered', 'answered', 'late'] as const)
      await scene.suffers([{ at, fate, purpose: 'attachment' }])
  const [uncertain, again] = (['exec', 'recover'] as const).map((at): Step => ({
    at,
    fate: 'unanswered',
    purpose: 'attachment',
  })) as [Step, Step]
  for (const fate of ['before', 'unanswered', 'half-answer'] as const)
    await scene.suffers([uncertain, { ...again, fate }, again])
  for (const fate of ['answered', 'late'] as const) await scene.suffers([uncertain, { ...again, fate }])
  // a session's first one, which makes its marker
  for (const fate of ['before', 'racing', 'unanswered', 'answered', 'late'] as const) {
    const first = scene.suffers([{ at: 'open', fate, purpose: 'attachment' }])
    await scene.watchedBy(evalOf(`first:${fate}:1`), evalOf(`first:${fate}:2`))
    await first
  }
  assert.ok(Object.values(scene.uncertain()).some((each) => each > 0))
  await scene.close(t)
})

test('a connection cut around commands that block: what they take is taken once', async (t) => {
  const scene = await ExactlyOnceScene.start(t)
  await scene.watchedBy(...blockingWitnesses('b'))
  await scene.goesOn()
  for (const fate of ['before', 'racing', 'unanswered', 'half-answer', 'answered', 'late'] as const)
    for (const skip of [0, 1, 2]) await scene.suffers([{ at: 'batch', fate, skip }])
  await scene.close(t)
})
