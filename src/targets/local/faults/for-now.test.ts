import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldfastError } from '../../../errors.ts'
import { isForNow } from './for-now.ts'

test('what a server refuses for the moment is asked again, what it refuses for good is not', () => {
  for (const message of [
    'NOREPLICAS Not enough good replicas to write. script: c0cc86, on @user_script:1.',
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
  ])
    assert.ok(isForNow(new Error(message)), message)
  assert.ok(isForNow(new HoldfastError('NOT_RUNNING', 'redis-0 cannot be reached')))
  for (const error of [
    new Error('ERR unknown command'),
    new Error('NOPERM no'),
    new HoldfastError('BUSY', 'no'),
  ])
    assert.ok(!isForNow(error), error.message)
})
