import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whatDiffers } from './same-redis.ts'

const nothing = { own: null, isBeforeExisting: false }

test('what is not there can become anything, and what stays as it is, too', () => {
  for (const wanted of [3, null]) assert.equal(whatDiffers(nothing, wanted), null)
  assert.equal(whatDiffers({ own: 3, isBeforeExisting: false }, 3), null)
  assert.equal(whatDiffers({ own: null, isBeforeExisting: true }, null), null)
})

test('data is not left behind without a word', () => {
  assert.match(whatDiffers({ own: 3, isBeforeExisting: false }, 5)?.hint ?? '', /Set redis.nodes back to 3/)
  assert.match(
    whatDiffers({ own: 3, isBeforeExisting: false }, null)?.message ?? '',
    /has 3 Redis nodes with its data, and the spec names an existing Redis/,
  )
  assert.match(
    whatDiffers({ own: null, isBeforeExisting: true }, 3)?.message ?? '',
    /new nodes would be empty/,
  )
})
