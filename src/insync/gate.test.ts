import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { majorityOf } from './majorities.ts'
import fc from 'fast-check'
import { gateVerdict, grantsPromise, mayFollow, nextEpoch, qualified, type FencedNode } from './gate.ts'
import { compareEpochs, type InSyncRecord } from './record.ts'

const reign: InSyncRecord = {
  epoch: { number: 3, node: 0 },
  version: 4,
  members: [1, 2],
  commits: 50,
  run: 'old',
}
const next = { number: 4, node: 1 }

function fenced(
  node: number,
  change: Partial<FencedNode> & { commits?: number; version?: number } = {},
): FencedNode {
  const { commits = reign.commits, version = reign.version, ...rest } = change
  return { node, intact: true, restarted: false, record: { ...reign, commits, version }, ...rest }
}

describe('the gate', () => {
  test('lets a member that holds the newest record serve, with the fenced others as its set', () => {
    assert.deepEqual(gateVerdict(1, next, [fenced(2), fenced(1)], majorityOf(3), 'new'), {
      kind: 'serve',
      record: { epoch: next, version: 0, members: [2], commits: 50, run: 'new' },
    })
  })

  test('lets the primary of the newest record serve again', () => {
    const verdict = gateVerdict(
      0,
      { number: 4, node: 0 },
      [fenced(0), fenced(1, { version: 3 })],
      majorityOf(3),
      'new',
    )
    assert.equal(verdict.kind, 'serve')
  })

  test('waits for f + 1 intact nodes, however many others are there', () => {
    const others = [fenced(1), fenced(2), fenced(3, { intact: false }), fenced(4, { intact: false })]
    assert.deepEqual(gateVerdict(1, next, others, majorityOf(5), 'new'), {
      kind: 'wait',
      missing: 1,
    })
  })

  test('makes a node yield that lacks the newest record, though it is named in it', () => {
    const verdict = gateVerdict(1, next, [fenced(1, { version: 3 }), fenced(2)], majorityOf(3), 'new')
    assert.deepEqual(verdict, { kind: 'yield', qualified: [2] })
  })

  test('makes a node yield that holds the newest record but is not named in it', () => {
    const without = { ...reign, members: [2] }
    const reports = [fenced(1, { record: without }), fenced(2, { record: without })]
    assert.deepEqual(gateVerdict(1, next, reports, majorityOf(3), 'new'), { kind: 'yield', qualified: [2] })
  })

  test('does not count a node without a record, which cannot say what was answered', () => {
    const reports = [fenced(2, { version: 3 }), fenced(1, { record: null })]
    assert.deepEqual(gateVerdict(2, { number: 4, node: 2 }, reports, majorityOf(3), 'new'), {
      kind: 'wait',
      missing: 1,
    })
  })

  test('makes an emptied candidate yield', () => {
    const reports = [fenced(1, { intact: false, record: null }), fenced(0), fenced(2)]
    assert.deepEqual(gateVerdict(1, next, reports, majorityOf(3), 'new'), {
      kind: 'yield',
      qualified: [0, 2],
    })
  })

  test('says who has to come when none of the fenced qualifies', () => {
    const without = { ...reign, members: [2] }
    const reports = [1, 3, 4].map((node) => fenced(node, { record: without }))
    const verdict = gateVerdict(1, next, reports, majorityOf(5), 'new')
    assert.deepEqual(verdict, { kind: 'incomplete', awaited: [0, 2] })
  })

  test('after a power cut chooses the highest count of confirmations among those that qualify', () => {
    const cut = { restarted: true }
    const reports = [fenced(0, { ...cut, commits: 51 }), fenced(1, { ...cut, commits: 49 }), fenced(2, cut)]
    assert.deepEqual(gateVerdict(1, next, reports, majorityOf(3), 'new'), {
      kind: 'yield',
      qualified: [0, 2, 1],
    })
    assert.equal(gateVerdict(0, { number: 4, node: 0 }, reports, majorityOf(3), 'new').kind, 'serve')
  })

  test('does not ask for the highest count while nobody restarted: every one that qualifies has all answers', () => {
    const reports = [fenced(1, { commits: 49 }), fenced(2, { commits: 51 })]
    assert.equal(gateVerdict(1, next, reports, majorityOf(3), 'new').kind, 'serve')
  })

  test('a record that it gives has its epoch, f other members at least, and a count not below any found', () => {
    const report = fc.record({
      intact: fc.boolean(),
      restarted: fc.boolean(),
      version: fc.nat(3),
      commits: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 2), (each, f) => {
        const reports = each.slice(0, 2 * f + 1).map((change, node) => fenced(node, change))
        const verdict = gateVerdict(1, next, reports, majorityOf(2 * f + 1), 'new')
        const intact = reports.filter((node) => node.intact)
        assert.equal(verdict.kind === 'wait', intact.length < f + 1)
        if (verdict.kind !== 'serve') return
        const { members, commits, epoch, version } = verdict.record
        assert.ok(members.length >= f && !members.includes(1))
        assert.ok(members.every((member) => intact.some(({ node }) => node === member)))
        assert.ok(intact.every(({ record }) => commits >= (record?.commits ?? 0)))
        assert.deepEqual({ epoch, version }, { epoch: next, version: 0 })
      }),
    )
  })
})

test('nobody qualifies where nobody holds a record', () => {
  assert.deepEqual(qualified([fenced(0, { record: null }), fenced(1, { record: null })]), [])
})

const epochs = fc.record({ number: fc.nat(5), node: fc.nat(4) })

test('a promise is never lowered, and the one given is granted again', () => {
  fc.assert(
    fc.property(epochs, epochs, (promised, asked) => {
      assert.equal(grantsPromise(promised, asked), compareEpochs(asked, promised) >= 0)
    }),
  )
  assert.ok(grantsPromise(next, next))
})

test('the next epoch is above everything known, and is its own node’s', () => {
  fc.assert(
    fc.property(fc.nat(4), fc.array(epochs), (node, known) => {
      const epoch = nextEpoch(node, known)
      assert.equal(epoch.node, node)
      assert.ok(known.every((each) => compareEpochs(epoch, each) > 0))
    }),
  )
})

test('a node follows no epoch below its promise, and no record older than its own', () => {
  assert.ok(mayFollow(reign.epoch, reign, reign))
  assert.ok(mayFollow(reign.epoch, null, reign))
  assert.ok(!mayFollow(next, null, reign))
  assert.ok(!mayFollow(reign.epoch, { ...reign, version: 5 }, reign))
  assert.ok(mayFollow(reign.epoch, { ...reign, version: 5 }, { ...reign, epoch: next, version: 0 }))
})
