import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { RedisClient } from '../discovery/redis-client.ts'
import { ReplyError, type Reply } from '../resp/decode.ts'
import { MarkerCare } from './marker-care.ts'

test('markers that could not be taken away are, when there is a primary again', async () => {
  const sent: string[] = []
  let control: Pick<RedisClient, 'send'> | null = null
  const answering = (reply: Reply): Pick<RedisClient, 'send'> => ({
    send: (commands) => {
      sent.push(...commands.map((words) => words.filter((_, at) => words[0] !== 'EVAL' || at < 1).join(' ')))
      return Promise.resolve(commands.map(() => reply))
    },
  })
  const care = new MarkerCare('id', () => control as RedisClient | null)
  care.remove(['a'])
  await setImmediate()
  control = answering(new ReplyError('READONLY'))
  care.remove(['b'])
  await setImmediate()
  assert.deepEqual(sent.splice(0), ['DEL a b'])
  control = answering(1)
  care.run()
  await setImmediate()
  assert.deepEqual(sent.splice(0), ['EVAL', 'DEL a b'])
  care.run()
  await setImmediate()
  assert.deepEqual(sent.splice(0), ['EVAL'])
  await care.stop(['c'])
  assert.deepEqual(sent, ['DEL c', 'HDEL holdfast:gateways id'])
})
