import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isConflict, isForbidden, isNotFound, readApiError } from './api-error.ts'

test('what the API server refuses keeps its words', () => {
  const body = JSON.stringify({ kind: 'Status', reason: 'Conflict', message: 'the object has been modified' })
  const error = readApiError(409, body)
  assert.deepEqual(
    [error.status, error.reason, error.message],
    [409, 'Conflict', 'the object has been modified'],
  )
  assert.deepEqual([isConflict(error), isNotFound(error), isForbidden(error)], [true, false, false])
})

test('a page of a proxy is cut short, and is no Status', () => {
  for (const body of ['<html>bad gateway', '{"message":7}', '']) {
    const error = readApiError(502, body + ' '.repeat(1000))
    assert.match(error.message, /^HTTP 502/)
    assert.ok(error.message.length < 250)
    assert.equal(isNotFound(error), false)
  }
})
