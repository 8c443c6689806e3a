import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Primary } from '../discovery/discovery.ts'
import type { RedisClient } from '../discovery/redis-client.ts'
import type { Reply } from '../resp/decode.ts'
import { PlainConfirmer } from './plain-confirmer.ts'

const primary: Primary = {
  node: null,
  address: { host: 'a', port: 1 },
  epoch: { number: 1, node: 0 },
  run: 'own',
  members: [],
}

test('a replica whose acknowledgements take longer than a round is waited for, and no longer than it takes', async () => {
  let nowMs = 0
  let acknowledgedAfterMs = 600
  const waits: number[] = []
  const connection = {
    sendRaw: (bytes: Buffer): Promise<Reply[]> => {
      const waitMs = Number(/WAIT\r\n\$1\r\n1\r\n\$\d\r\n(\d+)/.exec(bytes.toString())?.[1])
      waits.push(waitMs)
      nowMs += Math.min(waitMs, acknowledgedAfterMs)
      return Promise.resolve([0, waitMs < acknowledgedAfterMs ? 0 : 1])
    },
  } as unknown as RedisClient
  const confirmer = new PlainConfirmer({
    replicas: 1,
    now: () => nowMs,
    primary: () => primary,
    connection: () => connection,
    onConfirmed: () => undefined,
  })
  const ask = () =>
    new Promise<void>((confirmed) => {
      confirmer.request({ beginRound: () => undefined, confirmed })
    })
  await ask()
  assert.deepEqual(waits, [250, 500, 1000])
  await ask()
  acknowledgedAfterMs = 10
  await ask()
  await ask()
  assert.deepEqual(waits.slice(3), [900, 900, 250])
})
