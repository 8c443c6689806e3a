import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeHistory, encodeHistory } from './history.ts'
import type { Call, Operation, Outcome } from './operation.ts'

// JSON has no negative zero.
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))
const key = fc.string({ unit: 'grapheme' })

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ do: fc.constant('count' as const), key }),
  fc.record({ do: fc.constant('append' as const), key, value: key }),
  fc.record({ do: fc.constant('read' as const), key }),
  fc.record({ do: fc.constant('write' as const), key, value: key }),
  fc.record({ do: fc.constant('transfer' as const), from: key, to: key, amount: number }),
  fc.record({ do: fc.constant('balances' as const), keys: fc.array(key) }),
  fc.record({ do: fc.constant('advance' as const), key, read: fc.option(number), wrote: fc.option(number) }),
)

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant('ok' as const),
    answer: fc.oneof(number, key, fc.constant(null), fc.array(number)),
  }),
  fc.record({ kind: fc.constantFrom('refused' as const, 'unknown' as const), why: key }),
)

const operation: fc.Arbitrary<Operation> = fc.record(
  {
    workload: key,
    caller: fc.nat(),
    at: key,
    dueMs: number,
    startMs: number,
    endMs: number,
    call,
    outcome,
  },
  { noNullPrototype: true },
)

test('a history survives being written and read', () => {
  fc.assert(
    fc.property(fc.array(operation), (history) => {
      const read = decodeHistory(encodeHistory(history))
      assert.equal(JSON.stringify(read.map(sorted)), JSON.stringify(history.map(sorted)))
    }),
  )
})

test('a line that is no operation is named', () => {
  assert.throws(() => decodeHistory('\n{"workload":1}\n'), /Line 2/)
  assert.throws(() => decodeHistory('{"cut'), /Line 1/)
})

/** The fields in one order. */
function sorted(value: Operation): unknown {
  return Object.entries({ ...value, call: Object.entries(value.call).sort() }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
}
