/**
 * Agents that act only by what nextStep says of what they last saw, against an adversary that promotes anybody, crashes,
 * hangs and empties nodes and loses messages. Promised: nothing answered is lost; and once the adversary stops and all
 * nodes are up, one of them serves and the others replicate it, within 30 s, even if Sentinel does nothing.
 * More walks: HOLDFAST_MODEL_RUNS=20000 node --test src/agent/town.test.ts
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { townTrouble } from '../../test/model/town-walk.ts'

const runs = Number(env.HOLDFAST_MODEL_RUNS ?? 300)
const seed = Number(env.HOLDFAST_MODEL_SEED ?? 20)

describe('agents come to one primary', () => {
  for (const nodes of [3, 5] as const) {
    for (const founded of [true, false]) {
      test(`${String(nodes)} nodes, ${founded ? 'a running deployment' : 'a new deployment'}`, () => {
        const steps = fc.array(fc.noShrink(fc.nat(2 ** 32 - 1)), { maxLength: 500, size: 'max' })
        const property = fc.property(steps, (all) => {
          const trouble = townTrouble({ nodes, founded, steps: all })
          if (trouble !== null) assert.fail([trouble.message, ...trouble.trace].join('\n  '))
        })
        fc.assert(property, { numRuns: runs, seed })
      })
    }
  }

  test('a bootstrap whose primary died at once is done again', () => {
    const steps = [3, 3683911363, 3686186624, 1648386601]
    assert.equal(townTrouble({ nodes: 3, founded: false, steps })?.message ?? null, null)
  })
})
