import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestLimits } from '../resp/limits.ts'
import type { Request } from '../resp/request.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import { treat } from './command-rules.ts'
import { SessionState } from './session-state.ts'

function request(text: string): Request {
  const framer = new RequestFramer(requestLimits)
  framer.push(Buffer.from(`${text}\r\n`))
  const found = framer.next()
  assert.ok(found !== null)
  return found
}

function after(...commands: readonly string[]): SessionState {
  const state = new SessionState()
  for (const command of commands) state.accept(request(command))
  return state
}

const restored = (state: SessionState): string[] =>
  state.restore().map((bytes) =>
    bytes
      .toString()
      .split('\r\n')
      .filter((_, index) => index > 0 && index % 2 === 0)
      .join(' '),
  )

test('what a new connection is told, to be as the lost one was', () => {
  const state = after(
    'HELLO 3 AUTH ann secret SETNAME one',
    'SELECT 3',
    'CLIENT SETINFO lib-name x',
    'CLIENT NO-EVICT on',
    'CLIENT SETNAME two',
  )
  assert.deepEqual(restored(state), [
    'AUTH ann secret',
    'HELLO 3',
    'SELECT 3',
    'CLIENT SETNAME two',
    'CLIENT SETINFO LIB-NAME x',
    'CLIENT NO-EVICT ON',
  ])
  state.accept(request('RESET'))
  assert.deepEqual(restored(state), [])
  assert.equal(state.authenticated, false)
})

test('what binds a session to its connection', () => {
  assert.equal(after('SELECT 1').bound, false)
  for (const command of ['MULTI', 'WATCH a', 'MONITOR', 'CLIENT TRACKING ON'])
    assert.equal(after(command).bound, true, command)
  assert.equal(after('WATCH a', 'MULTI', 'EXEC').bound, false)
  const state = new SessionState()
  state.acceptSubscription(['subscribe', 'a', 1])
  state.acceptSubscription(['psubscribe', 'a*', 2])
  assert.equal(state.subscriptionReplies(request('UNSUBSCRIBE')), 1)
  state.acceptSubscription(['unsubscribe', 'a', 1])
  assert.equal(state.bound, true)
  state.acceptSubscription(['punsubscribe', 'a*', 0])
  assert.equal(state.bound, false)
})

test('what is refused, and what only looks like it', () => {
  const refused = (text: string): string | null => {
    const treatment = treat(request(text), 16)
    return treatment.kind === 'refuse' ? treatment.error : null
  }
  assert.equal(refused('select 15'), null)
  assert.equal(refused('select 16'), 'ERR DB index is out of range')
  assert.equal(refused('select x'), null)
  assert.equal(refused('swapdb 16 0'), 'ERR DB index is out of range')
  assert.equal(refused('copy a b db 16 replace'), 'ERR DB index is out of range')
  assert.equal(refused('client reply on'), null)
  assert.equal(refused('client reply skip'), 'ERR CLIENT REPLY SKIP is not available through the gateway')
  assert.equal(refused('psync ? -1'), 'ERR PSYNC is not available through the gateway')
  assert.equal(refused('get psync'), null)
  assert.deepEqual(treat(request('flushall async'), 16), { kind: 'flush-all', mode: 'ASYNC' })
})
