import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestLimits } from '../resp/limits.ts'
import { RequestFramer } from '../resp/request-framer.ts'
import type { Command } from './command.ts'
import { refusalOf, settleRefused, splitLost, type Answered } from './outcome.ts'

function command(text: string): Command {
  const framer = new RequestFramer(requestLimits)
  framer.push(Buffer.from(`${text}\r\n`))
  const request = framer.next()
  return { request, kind: 'plain', bytes: null, answer: null, blocking: false, size: 0, sinceMs: 0 }
}

const names = (commands: readonly Command[]): (string | undefined)[] =>
  commands.map((one) => one.request?.name)
const isRead = (one: Command): boolean => one.request?.name === 'GET'

test('what Redis words as "not now, not here" did not run', () => {
  for (const text of [
    "-READONLY You can't write against a read only replica.",
    '-LOADING Redis is loading the dataset in memory',
    '-NOREPLICAS Not enough good replicas to write.',
    '-MISCONF Redis is configured to save RDB snapshots',
    "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
    '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
  ])
    assert.equal(refusalOf(text), 'refused', text)
  for (const text of [
    '-ERR no',
    '-WRONGTYPE Operation',
    '-READONLY said a script',
    '-EXECABORT Transaction discarded because of previous errors.',
  ])
    assert.equal(refusalOf(text), null, text)
})

test('a refused command and all behind it run again, unless a write behind it ran', () => {
  const answer = (text: string, refused = false): Answered => {
    const made = command(text)
    return {
      command: made,
      reply: Buffer.from(refused ? '-NO\r\n' : '+OK\r\n'),
      refused,
      replayable: isRead(made),
    }
  }
  const reads = settleRefused([answer('SET a 1', true), answer('GET a'), answer('SET b 1', true)])
  assert.deepEqual(reads.deliver, [])
  assert.deepEqual(names(reads.again), ['SET', 'GET', 'SET'])
  const ran = settleRefused([answer('SET a 1', true), answer('GET a'), answer('INCR b'), answer('GET b')])
  assert.deepEqual(
    ran.deliver.map((one) => (one.reply === 'refused' ? 'refused' : one.reply.toString())),
    ['refused', '+OK\r\n', '+OK\r\n'],
  )
  assert.deepEqual(names(ran.again), ['GET'])
})

test('what was in flight is sent again only behind the last command that must not run twice', () => {
  const lost = splitLost(
    ['GET', 'INCR', 'GET', 'GET'].map((name) => command(`${name} a`)),
    isRead,
  )
  assert.deepEqual(names(lost.uncertain), ['GET', 'INCR'])
  assert.deepEqual(names(lost.again), ['GET', 'GET'])
})
