import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortErrors, type FaultSpan } from './errors.ts'
import { abandonedWhy, type Operation } from './operation.ts'

const options = { holdMs: 10_000, untouched: ['127.0.0.1:20000'] }

function failed(startMs: number, why: string, more: Partial<Operation> = {}): Operation {
  return {
    workload: 'incr',
    caller: 0,
    at: '127.0.0.1:6379',
    dueMs: startMs,
    startMs,
    endMs: startMs + 50,
    call: { do: 'count', key: 'k' },
    outcome: { kind: 'unknown', why },
    ...more,
  }
}

function span(explains: FaultSpan['explains'], more: Partial<FaultSpan> = {}): FaultSpan {
  return { startMs: 1000, endMs: 2000, healthyMs: 3000, explains, deeds: 1, ...more }
}

test('a fault that explains nothing explains nothing, and the error is counted beside it', () => {
  const sorted = sortErrors([failed(1500, 'timeout')], [span(undefined)], options)
  assert.deepEqual(sorted.errors, { timeout: 1 })
  assert.deepEqual(sorted.explained, {})
  assert.deepEqual(sorted.byFault, [{ errors: { timeout: 1 }, explained: {} }])
})

test('of a dead process one call a caller is explained, and only what a broken connection looks like', () => {
  const inHand = span('in-hand')
  const lost = failed(1500, 'connection lost')
  assert.deepEqual(sortErrors([lost], [inHand], options).explained, { 'connection lost': 1 })
  assert.deepEqual(sortErrors([lost, lost], [inHand], options).errors, { 'connection lost': 1 })
  assert.deepEqual(sortErrors([lost, { ...lost, caller: 1 }], [inHand], options).errors, {})
  assert.deepEqual(sortErrors([lost, lost], [span('in-hand', { deeds: 2 })], options).errors, {})
  for (const why of ['UNCERTAIN', 'timeout', 'TRYAGAIN', 'WRONGTYPE', 'ERR'])
    assert.deepEqual(sortErrors([failed(1500, why)], [inHand], options).errors, { [why]: 1 }, why)
  for (const why of ['http-502', 'econnreset', 'http-500'])
    assert.deepEqual(sortErrors([failed(1500, why)], [inHand], options).errors, {}, why)
})

test('a gateway that no fault touches loses nothing that it has in hand', () => {
  const there = failed(1500, 'connection lost', { at: '127.0.0.1:20000' })
  assert.deepEqual(sortErrors([there], [span('in-hand')], options).errors, { 'connection lost': 1 })
})

test('too few nodes explain waiting, doubt and refusal while that lasts and for hold, not wrong answers', () => {
  const down = span('unavailable')
  for (const why of ['TRYAGAIN', 'UNCERTAIN', 'timeout', 'http-500', 'econnrefused', 'connection lost'])
    assert.deepEqual(sortErrors([failed(1500, why)], [down], options).errors, {}, why)
  assert.deepEqual(sortErrors([failed(12_900, 'timeout')], [down], options).errors, {})
  assert.deepEqual(sortErrors([failed(13_100, 'timeout')], [down], options).errors, { timeout: 1 })
  assert.deepEqual(sortErrors([failed(900, 'timeout')], [down], options).errors, { timeout: 1 })
  assert.deepEqual(sortErrors([failed(1500, 'WRONGTYPE')], [down], options).errors, { WRONGTYPE: 1 })
})

test('without memory Redis refuses in its own words, also at the end of a transaction; nothing else is explained by that', () => {
  const full = span('out-of-memory')
  for (const why of ['OOM', 'EXECABORT', 'http-500'])
    assert.deepEqual(sortErrors([failed(1500, why)], [full], options).errors, {}, why)
  for (const why of ['UNCERTAIN', 'timeout', 'connection lost'])
    assert.deepEqual(sortErrors([failed(1500, why)], [full], options).errors, { [why]: 1 }, why)
  assert.deepEqual(sortErrors([failed(1500, 'EXECABORT')], [span('unavailable')], options).errors, {
    EXECABORT: 1,
  })
})

test('an error between two faults belongs to the one that explains it', () => {
  const sorted = sortErrors([failed(1500, 'TRYAGAIN')], [span('unavailable'), span(undefined)], options)
  assert.deepEqual(
    sorted.byFault.map(({ explained }) => explained),
    [{ TRYAGAIN: 1 }, {}],
  )
})

test('what a caller abandons is no error; without faults every error is one', () => {
  assert.deepEqual(sortErrors([failed(1500, abandonedWhy)], [], options).errors, {})
  assert.deepEqual(sortErrors([failed(1500, 'UNCERTAIN')], [], options).errors, { UNCERTAIN: 1 })
})

test('a connection that is lost on the way is counted against nobody: one call for each', () => {
  const cuts = [{ at: '127.0.0.1:6379', atMs: 1520 }]
  const lost = failed(1500, 'connection lost')
  const sorted = sortErrors([lost, { ...lost, caller: 1 }], [span(undefined)], { ...options, cuts })
  assert.deepEqual(sorted.explained, { 'connection lost on the way to the cluster': 1 })
  assert.deepEqual(sorted.errors, { 'connection lost': 1 })
  for (const other of [failed(1500, 'UNCERTAIN'), failed(3000, 'timeout'), { ...lost, at: '127.0.0.1:1' }])
    assert.deepEqual(sortErrors([other], [], { ...options, cuts }).explained, {})
})

test('a gateway that leaves closes connections of Redis clients, and callers of the application notice nothing', () => {
  const leaves = span('gateway-left')
  const lost = failed(1500, 'connection lost')
  assert.deepEqual(sortErrors([lost], [leaves], options).errors, {})
  const called = { ...lost, workload: 'counter' }
  assert.deepEqual(sortErrors([called], [leaves], options).errors, { 'connection lost': 1 })
})

test('a Service sends connections to a dead pod for a while: those that were not made are explained, however many', () => {
  const refused = failed(1500, 'econnrefused', { outcome: { kind: 'refused', why: 'econnrefused' } })
  const all = [refused, refused, refused]
  assert.deepEqual(sortErrors(all, [span('in-hand')], { ...options, routed: true }).errors, {})
  assert.deepEqual(sortErrors(all, [span('in-hand')], options).errors, { econnrefused: 2 })
  assert.deepEqual(sortErrors(all, [span(undefined)], { ...options, routed: true }).errors, {
    econnrefused: 3,
  })
})
