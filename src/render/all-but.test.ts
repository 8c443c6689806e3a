import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { allBut } from './all-but.ts'

/** The few notations that are used, as regular expressions. */
function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.replace(/\*$/, '.*')}$`, 's').test(text)
}

describe('all but what begins with a prefix', () => {
  test('is said in patterns', () => {
    assert.deepEqual(allBut(['ab']), ['', '[^a]*', 'a', 'a[^b]*'])
  })

  test('holds for any text', () => {
    const letters = fc.constantFrom('a', 'b', ':', '_')
    const text = fc.array(letters, { maxLength: 5 }).map((all) => all.join(''))
    const prefixes = fc.array(
      fc.array(letters, { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(prefixes, text, (all, one) => {
        const isAllowed = allBut(all).some((pattern) => matches(pattern, one))
        assert.equal(isAllowed, !all.some((prefix) => one.startsWith(prefix)))
      }),
    )
  })
})
