import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { HostileScene, type HostileInput } from './hostile-scene.ts'

/** A test an input, one after the other, before one gateway. */
export function testHostileInputs(
  inputs: readonly HostileInput[],
  options: Parameters<typeof HostileScene.start>[0] = {},
): void {
  let scene: HostileScene | null = null
  before(async () => {
    scene = await HostileScene.start(options)
  })
  after(() => scene?.[Symbol.asyncDispose]())
  for (const input of inputs)
    test(input.name, { skip: input.skip ?? false }, async (t) => {
      assert.ok(scene)
      await scene.survives(input, t)
    })
}
