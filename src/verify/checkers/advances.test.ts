import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { alwaysFound, neverAccused, pickOf, type Plant } from '../../../test/harness/planted.ts'
import type { Operation, Outcome } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { checkAdvances } from './advances.ts'

interface Run {
  readonly operations: readonly Operation[]
  readonly final: number
}

/** One program, its key, and SETs that take effect when their caller no longer waits. */
const runsOf = (errors: number) =>
  fc
    .array(
      fc.record({
        get: fc.oneof(
          { weight: 8, arbitrary: fc.constant(true) },
          { weight: errors, arbitrary: fc.constant(false) },
        ),
        set: fc.oneof(
          { weight: 8, arbitrary: fc.constant('ok' as const) },
          { weight: errors, arbitrary: fc.constantFrom('unknown' as const, 'refused' as const) },
        ),
        lateBy: fc.option(fc.nat(5)),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((steps): Run => {
      let held = 0
      const late: { readonly at: number; readonly value: number }[] = []
      const operations = steps.map(({ get, set, lateBy }, index): Operation => {
        for (const { value } of late.filter(({ at }) => at === index)) held = value
        const read = get ? held : null
        const wrote = (read ?? 0) + 1
        if (set === 'ok') held = wrote
        if (set === 'unknown' && lateBy !== null) late.push({ at: index + lateBy + 1, value: wrote })
        const outcome: Outcome =
          read === null || set === 'unknown'
            ? { kind: 'unknown', why: 'test' }
            : set === 'ok'
              ? { kind: 'ok', answer: wrote }
              : { kind: 'refused', why: 'test' }
        const times = { dueMs: index * 10, startMs: index * 10, endMs: index * 10 + 5 }
        return {
          workload: 'getset-app',
          caller: 0,
          at: '',
          ...times,
          call: { do: 'advance', key: 'k', read, wrote },
          outcome,
        }
      })
      return { operations, final: held }
    })

const check = ({ operations, final }: Run) => checkAdvances(operations, new Map([['k', final]]))

const withRead = (run: Run, pick: number, change: (read: number) => number, above = 0) => {
  const victim = pickOf(
    run.operations.filter(({ call }) => call.do === 'advance' && (call.read ?? -1) > above),
    pick,
  )
  const alter = (operation: Operation): Operation =>
    operation === victim && operation.call.do === 'advance'
      ? { ...operation, call: { ...operation.call, read: change(operation.call.read ?? 0) } }
      : operation
  return victim && { ...run, operations: run.operations.map(alter) }
}

const plants: readonly (readonly [string, Anomaly['kind'], Plant<Run>])[] = [
  ['a count that went back', 'back', (run, pick) => withRead(run, pick, (read) => read - 1, 1)],
  ['a count that began again', 'reset', (run, pick) => withRead(run, pick, () => 0)],
  ['a count that jumped', 'extra', (run, pick) => withRead(run, pick, (read) => read + 3)],
  ['counts lost at the end', 'lost', (run, pick) => ({ ...run, final: run.final - 1 - (pick % 3) })],
  ['counts too many at the end', 'extra', (run, pick) => ({ ...run, final: run.final + 1 + (pick % 3) })],
]

describe('a naive counter', () => {
  it('is never accused of what its own resets do', () => neverAccused(runsOf(1), check))

  for (const [name, kind, plant] of plants)
    it(`${name} is found`, () => alwaysFound(runsOf(0), check, kind, plant))

  it('says what it threw away by its own hand', () => {
    const operation = (read: number | null, wrote: number, startMs: number): Operation => ({
      ...{ workload: 'getset-app', caller: 0, at: '', dueMs: 0, startMs, endMs: startMs + 1 },
      call: { do: 'advance', key: 'k', read, wrote },
      outcome: read === null ? { kind: 'unknown', why: 'timeout' } : { kind: 'ok', answer: wrote },
    })
    const operations = [
      operation(0, 1, 0),
      operation(1, 2, 2),
      operation(2, 3, 4),
      operation(null, 1, 6),
      operation(1, 2, 8),
    ]
    const judged = checkAdvances(operations, new Map([['k', 2]]))
    assert.deepEqual(judged.anomalies, [])
    assert.deepEqual(judged.notes, [
      '1 error reached the program, which then began again at 1: 2 counts are lost by its own hand',
    ])
  })
})
