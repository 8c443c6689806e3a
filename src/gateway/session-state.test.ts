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
  state.restore({ user: 'gateway', password: 'own' }).map((bytes) =>
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
    'AUTH gateway own',
    'HELLO 3',
    'SELECT 3',
    'CLIENT SETNAME two',
    'CLIENT SETINFO LIB-NAME x',
    'CLIENT NO-EVICT ON',
    'AUTH ann secret',
  ])
  state.accept(request('RESET'))
  assert.deepEqual(restored(state), [])
  assert.equal(state.authenticated, false)
})

test('subscriptions are made again on another connection', () => {
  const state = new SessionState()
  state.acceptSubscription('subscribe', 'a')
  state.acceptSubscription('subscribe', 'b')
  state.acceptSubscription('psubscribe', 'a*')
  assert.equal(state.subscriptionReplies(request('UNSUBSCRIBE')), 2)
  state.acceptSubscription('unsubscribe', 'a')
  const again = state.resubscribe()
  assert.equal(again.confirmations, 2)
  assert.match(
    Buffer.concat(again.commands).toString(),
    /SUBSCRIBE\r\n\$1\r\nb\r\n.*PSUBSCRIBE\r\n\$2\r\na\*\r\n$/s,
  )
  state.acceptSubscription('unsubscribe', 'b')
  assert.equal(state.subscribed, true)
  state.acceptSubscription('punsubscribe', 'a*')
  assert.equal(state.subscribed, false)
  assert.equal(state.resubscribe().confirmations, 0)
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
