import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../platform/log.ts'
import { createFileCare } from './file-care.ts'
import { downRedis } from './redis-link.ts'

test('bytes that redis-server did not count are looked at once; more of them, or in other files, again', async () => {
  let reads = 0
  const care = createFileCare({
    node: 'redis-0',
    directory: '/nowhere',
    redis: { inspect: () => Promise.resolve(downRedis), rewriteFile: () => Promise.resolve() },
    log: createLogger('agent-0', 'silent'),
    now: () => performance.now(),
    find: () => {
      reads += 1
      return Promise.resolve(null)
    },
  })
  /** @returns how often the files have been read by now */
  const look = async (names: string, bytes: number, fileBytes = 1000) => {
    await care.look({ ...downRedis, up: true, runId: 'run', fileBytes }, { names, bytes })
    await new Promise((resolve) => setImmediate(resolve))
    return reads
  }
  assert.equal(await look('1.aof', 1000), 0)
  assert.equal(await look('1.aof', 1089), 1)
  assert.equal(await look('1.aof', 1089), 1)
  // Under load: more was written before redis-server said how much.
  assert.equal(await look('1.aof', 1089, 1600), 1)
  assert.equal(await look('1.aof', 1889, 1800), 1)
  assert.equal(await look('1.aof', 1892, 1800), 2)
  assert.equal(await look('2.aof', 1089), 3)
})
