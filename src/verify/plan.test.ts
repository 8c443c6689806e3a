import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HoldfastError } from '../errors.ts'
import { faults } from './faults/all.ts'
import type { Capability, Fault } from './faults/fault.ts'
import { chooseFaults, parseSchedule, planFaults, whyNot, type PlanFacts } from './plan.ts'

const everything: PlanFacts = { nodes: 3, instances: 3, why: () => null, destructive: true }

const capabilities = [...new Set(faults.flatMap(({ needs }) => needs))]
const someFacts = fc
  .record({
    nodes: fc.constantFrom(3, 5, 7),
    instances: fc.integer({ min: 1, max: 4 }),
    missing: fc.subarray(capabilities),
    destructive: fc.boolean(),
  })
  .map(({ missing, ...facts }): PlanFacts => ({
    ...facts,
    why: (capability: Capability) => (missing.includes(capability) ? `no ${capability} here` : null),
  }))
const someOptions = fc.record({
  seed: fc.nat(),
  durationMs: fc.integer({ min: 0, max: 600_000 }),
  faults: fc.subarray([...faults]),
  facts: someFacts,
  overlap: fc.boolean(),
})

describe('a plan', () => {
  it('is the same for the same seed, and not for every seed', () => {
    const options = { durationMs: 600_000, faults, facts: everything, overlap: false }
    fc.assert(
      fc.property(someOptions, (some) => {
        assert.deepEqual(planFaults(some), planFaults(some))
      }),
    )
    const plans = [1, 2, 3, 4].map((seed) => namesOf(planFaults({ ...options, seed })))
    assert.equal(new Set(plans.map(String)).size, plans.length)
  })

  it('has only what was chosen and can be had here, in order of time, and ends within the duration', () => {
    fc.assert(
      fc.property(someOptions, (options) => {
        const plan = planFaults(options)
        assert.deepEqual(
          plan.map(({ atMs }) => atMs),
          plan.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
        )
        for (const { fault, atMs } of plan) {
          assert.ok(options.faults.includes(fault))
          assert.equal(whyNot(fault, options.facts), null)
          assert.ok(atMs > 0 && atMs + fault.lastsMs < options.durationMs)
        }
      }),
    )
  })

  it('never takes more than f nodes at a time, and one after the other unless they may overlap', () => {
    fc.assert(
      fc.property(someOptions, (options) => {
        const plan = planFaults(options)
        const f = (options.facts.nodes - 1) / 2
        for (const { fault, atMs, alone } of plan) {
          const beside = plan.filter(
            (other) => other.atMs <= atMs && other.atMs + other.fault.lastsMs > atMs && other.fault !== fault,
          )
          if (!options.overlap) assert.deepEqual(beside, [])
          if (alone || beside.some((other) => other.alone)) assert.deepEqual(beside, [])
          else {
            const taken = beside.reduce((sum, other) => sum + (other.fault.takesNodes ?? 0), 0)
            assert.ok(beside.length === 0 || taken + (fault.takesNodes ?? 0) <= f)
          }
        }
      }),
    )
  })

  it('brings every fault once before any twice, and does overlap where it may', () => {
    const options = { seed: 7, durationMs: 3_600_000, facts: everything }
    const ordinary = faults.filter((fault) => fault.ordinary)
    const plan = planFaults({ ...options, faults: ordinary, overlap: false })
    assert.deepEqual(
      namesOf(plan.slice(0, ordinary.length)).toSorted(),
      ordinary.map(({ name }) => name).toSorted(),
    )
    const beside = planFaults({ ...options, faults, overlap: true }).some(
      ({ atMs, fault }, index, all) => atMs + fault.lastsMs > (all[index + 1]?.atMs ?? Infinity),
    )
    assert.ok(beside)
  })

  it('of about a minute has several faults of the ordinary mix, on one machine', () => {
    const inClusters: readonly Capability[] = ['pods', 'claims', 'drain', 'sidecars']
    const why = (capability: Capability) => (inClusters.includes(capability) ? 'this is no cluster' : null)
    for (const seed of [1, 2, 3, 4, 5]) {
      const plan = planFaults({
        seed,
        durationMs: 60_000,
        faults: faults.filter(({ ordinary }) => ordinary),
        facts: { ...everything, why },
        overlap: false,
      })
      assert.ok(plan.length >= 5, String(namesOf(plan)))
    }
  })
})

describe('the catalogue', () => {
  it('has no name twice, and an ordinary mix that destroys nothing and explains only what ends with a process', () => {
    assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length)
    for (const fault of faults) {
      assert.match(fault.name, /^[a-z]+(-[a-z]+)*$/)
      if (!fault.ordinary) continue
      assert.equal(fault.destroys, undefined)
      assert.ok([undefined, 'in-hand', 'gateway-left'].includes(fault.explains), fault.name)
    }
  })
})

describe('the list of faults', () => {
  it('takes names, and words for many', () => {
    assert.deepEqual(namesIn(chooseFaults('switchover, kill-primary', faults, everything)), [
      'kill-primary',
      'switchover',
    ])
    assert.deepEqual(
      chooseFaults('ordinary', faults, everything),
      faults.filter(({ ordinary }) => ordinary),
    )
    const five = { ...everything, nodes: 5 }
    assert.ok(namesIn(chooseFaults('all', faults, five)).includes('two-nodes'))
    assert.ok(!namesIn(chooseFaults('all', faults, everything)).includes('two-nodes'))
  })

  it('says everything that is wrong with it at once', () => {
    const tame = { ...everything, destructive: false }
    assert.throws(
      () => chooseFaults('kil-primary,two-nodes,flushall-beside-writes', faults, tame),
      (error: unknown) => {
        assert.ok(error instanceof HoldfastError && error.exitCode === 2)
        assert.match(error.message, /kil-primary: there is no such fault; kill-primary\?/)
        assert.match(error.message, /two-nodes: it needs 5 nodes, and there are 3/)
        assert.match(error.message, /flushall-beside-writes: it destroys what is stored/)
        return true
      },
    )
    assert.throws(() => chooseFaults(' , ', faults, everything), /no fault is named/)
  })
})

describe('a schedule', () => {
  it('says what happens when', () => {
    const plan = parseSchedule(
      'partition-primary@20s, kill-primary@500ms,kill-primary@1.5m',
      faults,
      everything,
      1,
    )
    assert.deepEqual(
      plan.map(({ fault, atMs }) => [fault.name, atMs]),
      [
        ['kill-primary', 500],
        ['partition-primary', 20_000],
        ['kill-primary', 90_000],
      ],
    )
    assert.equal(new Set(plan.map(({ seed }) => seed)).size, 3)
  })

  it('says everything that is wrong with it at once', () => {
    const noNetwork = {
      ...everything,
      why: (need: Capability) => (need === 'network' ? 'needs root: sudo ./holdfast verify' : null),
    }
    const text = 'kill-primary,kill-primary@5,kill-primary@@5s,killprimary@5s,partition-primary@3s'
    assert.throws(
      () => parseSchedule(text, faults, noNetwork, 1),
      (error: unknown) => {
        assert.ok(error instanceof HoldfastError && error.code === 'USAGE')
        assert.equal(error.message.match(/write FAULT@TIME/g)?.length, 3)
        assert.match(error.message, /killprimary: there is no such fault; kill-primary\?/)
        assert.match(error.message, /partition-primary: needs root: sudo/)
        return true
      },
    )
    assert.throws(() => parseSchedule('', faults, everything, 1), /it names no fault/)
  })
})

function namesOf(plan: readonly { readonly fault: Fault }[]): string[] {
  return plan.map(({ fault }) => fault.name)
}

function namesIn(chosen: readonly Fault[]): string[] {
  return chosen.map(({ name }) => name)
}
