import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compareEpochs,
  compareRecords,
  encodeRecord,
  formatEpoch,
  parseRecord,
  recordFields,
  type InSyncRecord,
} from './record.ts'

const plain = { noNullPrototype: true }
const epoch = fc.record({ number: fc.nat(1e6), node: fc.nat(8) }, plain)
const records: fc.Arbitrary<InSyncRecord> = fc.record(
  {
    epoch,
    version: fc.nat(1e6),
    members: fc.uniqueArray(fc.nat(8)).map((members) => members.toSorted((a, b) => a - b)),
    commits: fc.nat(1e9),
    run: fc.stringMatching(/^[0-9a-f]{40}$/),
  },
  plain,
)

function valuesOf(encoded: readonly string[]): (string | null)[] {
  return recordFields.map((field) => encoded[encoded.indexOf(field) + 1] ?? null)
}

test('a record is read back as it was written', () => {
  fc.assert(
    fc.property(records, (record) => {
      assert.deepEqual(parseRecord(valuesOf(encodeRecord(record))), record)
    }),
  )
})

test('a record with a field missing or damaged is none', () => {
  const whole = ['3', '1', '2', '0,2', '17', 'ab']
  assert.notEqual(parseRecord(whole), null)
  for (const field of [0, 1, 2, 4]) {
    for (const bad of ['', '-1', '1.5', 'x', ' 1', null]) {
      const values: (string | null)[] = whole.map((value, index) => (index === field ? bad : value))
      assert.equal(parseRecord(values), null, `field ${String(field)}: ${String(bad)}`)
    }
  }
  assert.equal(parseRecord(whole.with(3, '0,,2')), null)
  assert.equal(parseRecord([null, null, null, null, null, null]), null)
  assert.equal(parseRecord([]), null)
})

test('an empty list of members is a list without members', () => {
  assert.deepEqual(parseRecord(['1', '0', '0', '', '0', 'ab'])?.members, [])
})

test('epochs are ordered by number, then node: a total order', () => {
  fc.assert(
    fc.property(epoch, epoch, epoch, (a, b, c) => {
      assert.equal(Math.sign(compareEpochs(a, b)), -Math.sign(compareEpochs(b, a)) + 0)
      assert.equal(compareEpochs(a, b) === 0, formatEpoch(a) === formatEpoch(b))
      const [low, middle, high] = [a, b, c].toSorted(compareEpochs)
      if (low !== undefined && middle !== undefined && high !== undefined) {
        assert.ok(compareEpochs(low, middle) <= 0 && compareEpochs(low, high) <= 0)
      }
    }),
  )
})

test('a version counts only within an epoch, and commits make no record newer', () => {
  fc.assert(
    fc.property(records, records, (a, b) => {
      const order = compareRecords(a, b)
      const epochs = compareEpochs(a.epoch, b.epoch)
      assert.equal(Math.sign(order), Math.sign(epochs === 0 ? a.version - b.version : epochs))
      assert.equal(compareRecords(a, { ...a, commits: b.commits, members: b.members }), 0)
    }),
  )
})
