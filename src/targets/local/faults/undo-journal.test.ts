import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { journalPath, openJournal, type UndoStep } from './undo-journal.ts'

const step: fc.Arbitrary<UndoStep> = fc.oneof(
  fc.nat(2).map((node) => ({ kind: 'thaw' as const, node })),
  fc.nat(3).map((instances) => ({ kind: 'scale' as const, instances })),
  fc.constantFrom('relay-0', 'relay-1').map((component) => ({ kind: 'end' as const, component })),
)

test('what was noted is there for whoever reads next, once, in order, until it is forgotten', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'undo-journal-'))
  t.after(() => {
    rmSync(directory, { recursive: true })
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
      const journal = openJournal(directory)
      journal.forget(() => true)
      for (const each of steps) journal.note(each)
      const unique = [...new Map(steps.map((each) => [JSON.stringify(each), each])).values()]
      assert.deepEqual(openJournal(directory).steps(), unique)
      assert.equal(existsSync(journalPath(directory)), steps.length > 0)
      if (steps.length > 0) assert.equal(statSync(journalPath(directory)).mode & 0o777, 0o600)
      journal.forget(({ kind }) => kind === 'thaw')
      assert.deepEqual(
        openJournal(directory).steps(),
        unique.filter(({ kind }) => kind !== 'thaw'),
      )
      journal.forget(() => true)
      assert.equal(existsSync(journalPath(directory)), false)
    }),
    { numRuns: 30 },
  )
})
