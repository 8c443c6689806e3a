/**
 * The in-sync set as a whole: the real decisions, asked by random gateways and agents, against an adversary that promotes
 * anybody, hangs, crashes and empties nodes, delays everything and leaves gates half done.
 *
 * Promised: a write that was answered is in every reign that may answer anything later, and a confirmed read sees it.
 * Assumed, and named in test/model/rules.ts (duties) and at `emptyVolume`: what gateways and agents do around the decisions.
 * More walks: HOLDFAST_MODEL_RUNS=20000 node --test src/insync/model.test.ts
 */
import assert from 'node:assert/strict'
import { env } from 'node:process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { plans, runsUntilViolation, type Setting } from '../../test/model/plans.ts'
import { brokenRules } from '../../test/model/broken-rules.ts'
import { realRules } from '../../test/model/rules.ts'
import { violationOf } from '../../test/model/walk.ts'

const runs = Number(env.HOLDFAST_MODEL_RUNS ?? 1000)
const seed = Number(env.HOLDFAST_MODEL_SEED ?? 20)

function holdsFor(setting: Setting): void {
  const property = fc.property(plans(setting), (plan) => {
    const violation = violationOf(plan, realRules)
    if (violation !== null) assert.fail([violation.message, ...violation.trace].join('\n  '))
  })
  fc.assert(property, { numRuns: runs, seed, interruptAfterTimeLimit: 600_000 })
}

describe('the in-sync set', () => {
  for (const nodes of [3, 5] as const) {
    test(`${String(nodes)} nodes lose nothing that was answered`, () => {
      holdsFor({ nodes, focus: { erase: 0 } })
    })

    test(`${String(nodes)} nodes whose record FLUSHALL erases lose nothing either`, () => {
      holdsFor({ nodes, focus: { erase: 2 } })
    })

    test(`${String(nodes)} nodes that lose unsynced tails keep what a fenced holder still has, with its count`, () => {
      holdsFor({ nodes, tailLoss: true, focus: { erase: 0 } })
    })
  }
})

describe('while three nodes become five, and five three', () => {
  test('nothing is lost that was answered', () => {
    holdsFor({ nodes: 5, changing: true, focus: { erase: 0 } })
  })

  test('nor when FLUSHALL erases the record', () => {
    holdsFor({ nodes: 5, changing: true, focus: { erase: 2 } })
  })
})

describe('the model notices', () => {
  for (const { name, rules, setting } of brokenRules) {
    test(name, () => {
      const run = runsUntilViolation(rules, 20_000, setting)
      assert.notEqual(run, null, 'no walk violated anything: the model is blind to this')
    })
  }
})
