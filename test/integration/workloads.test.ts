import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Redis } from 'ioredis'
import { decodeHistory, encodeHistory } from '../../src/verify/history.ts'
import { workloads } from '../../src/verify/workloads/all.ts'
import type { RunningWorkload, Workload, WorkloadVerdict } from '../../src/verify/workloads/workload.ts'
import { startBareRedis } from '../harness/bare-redis.ts'
import { startCounter } from '../harness/counter.ts'
import { eventually } from '../harness/eventually.ts'

const HOST = '127.20.4.1'
const password = 'for-this-test'

/** A redis-server with a password, and the bundled counter before it. */
async function startScene(db = 0) {
  const redis = await startBareRedis({ host: HOST, password })
  const env = {
    REDIS_HOST: HOST,
    REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: password,
    REDIS_DB: String(db),
  }
  const counter = await startCounter(HOST, env)
  const client = redis.connect({ db })
  const started: RunningWorkload[] = []
  return {
    redis,
    client,
    start: async (workload: Workload, options: { timeoutMs?: number; ratePerSecond?: number } = {}) => {
      const endpoint = { host: HOST, port: redis.port, password, db }
      const beganMs = performance.now()
      const running = await workload.start({
        // Two that are the same one: callers are dealt out over both.
        endpoints: { url: counter.url, redis: [endpoint, endpoint] },
        prefix: 'verify-7:',
        callers: 4,
        ratePerSecond: 400,
        timeoutMs: 5000,
        random: seeded(7),
        now: () => performance.now() - beganMs,
        ...options,
      })
      started.push(running)
      return running
    },
    [Symbol.asyncDispose]: async () => {
      for (const running of started) {
        await running.stop()
        await running.remove()
      }
      client.disconnect()
      await counter.stop()
      await redis.stop()
    },
  }
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

async function answered(running: RunningWorkload, calls: number): Promise<void> {
  const ok = () => running.operations.filter(({ outcome }) => outcome.kind === 'ok').length
  const goal = ok() + calls
  await eventually(`${calls} more answers`, 20_000, () => ok() >= goal || `${ok()} of ${goal}`)
}

async function verdictOf(running: RunningWorkload): Promise<WorkloadVerdict> {
  await running.stop()
  return await running.judge()
}

const kindsOf = ({ anomalies }: WorkloadVerdict) => new Set(anomalies.map(({ kind }) => kind))

const named = (name: string) => {
  const found = workloads.find((workload) => workload.name === name)
  assert.ok(found, name)
  return found
}

describe('a workload at a Redis that is well', () => {
  for (const workload of workloads)
    it(`${workload.name} is sound, and leaves nothing`, async () => {
      await using scene = await startScene(3)
      const running = await scene.start(workload)
      await answered(running, 300)
      const verdict = await verdictOf(running)
      assert.deepEqual([verdict.result, verdict.anomalies], ['sound', []])
      assert.deepEqual([verdict.unknown, verdict.refused], [0, 0])
      assert.equal(verdict.acknowledged, running.operations.length)
      assert.equal(decodeHistory(encodeHistory(running.operations)).length, running.operations.length)
      assert.ok((await scene.client.dbsize()) > 0)
      for (const key of await scene.client.keys('*')) assert.ok(key.startsWith('verify-7:'), key)
      await running.remove()
      assert.equal(await scene.client.dbsize(), 0)
    })
})

/** What is done to the data in the middle, and what must be found, whatever else is. */
const damage: readonly (readonly [
  workload: string,
  what: string,
  kinds: readonly string[],
  hurt: (client: Redis, running: RunningWorkload) => Promise<unknown>,
])[] = [
  ['counter', 'emptied', ['lost', 'reset'], (client) => client.flushall()],
  ['counter', 'counted once more', ['extra'], (client) => client.incr('verify-7:counter:own-0')],
  ['incr', 'emptied', ['lost', 'reset'], (client) => client.flushall()],
  ['incr', 'rolled back', ['lost', 'back', 'twice'], (client) => client.decrby('verify-7:incr:shared-0', 3)],
  ['incr', 'counted once more', ['extra', 'wrong'], (client) => client.incr('verify-7:incr:own-1')],
  ['incr', 'overwritten', ['wrong'], (client) => client.set('verify-7:incr:own-1', 'text')],
  ['append', 'emptied', ['lost'], (client) => client.del('verify-7:append:shared-0')],
  ['append', 'short of its last values', ['lost'], (client) => client.ltrim('verify-7:append:own-1', 0, -3)],
  ['append', 'pushed once more', ['twice'], (client) => again(client, 'verify-7:append:own-2')],
  ['append', 'in another order', ['order'], (client) => swap(client, 'verify-7:append:own-3')],
  ['register', 'emptied', ['reset'], (client, running) => untilRead(running, null, () => client.flushall())],
  [
    'register',
    'written by somebody',
    ['wrong'],
    (client, running) => untilRead(running, 'foreign', () => client.set('verify-7:register:1', 'foreign')),
  ],
  ['transaction', 'emptied', ['sum', 'lost'], (client) => client.flushall()],
  ['transaction', 'half of a transfer', ['sum'], (client) => client.decrby('verify-7:transaction:2', 5)],
  ['transaction', 'moved by somebody', ['lost', 'stale'], (client) => move(client, 100)],
  ['getset-app', 'emptied', ['reset'], (client) => client.flushall()],
  [
    'getset-app',
    'rolled back',
    ['back'],
    (client, running) => untilBack(running, 'verify-7:getset-app:0', (key) => client.decrby(key, 4)),
  ],
  ['impatient', 'rolled back', ['lost', 'back'], (client) => client.decrby('verify-7:impatient:own-0', 4)],
]

describe('a workload at a Redis that is', () => {
  for (const [name, what, kinds, hurt] of damage)
    it(`${what}: ${name} finds ${kinds.join(', ')}`, async () => {
      await using scene = await startScene()
      const running = await scene.start(named(name))
      await answered(running, 200)
      await hurt(scene.client, running)
      await answered(running, 200)
      const verdict = await verdictOf(running)
      const found = kindsOf(verdict)
      assert.equal(verdict.result, 'violated')
      assert.deepEqual(
        kinds.filter((kind) => !found.has(kind as never)),
        [],
        verdict.anomalies.map(({ words }) => words).join('\n'),
      )
    })
})

async function again(client: Redis, key: string): Promise<void> {
  const [value] = await client.lrange(key, -1, -1)
  await client.rpush(key, value ?? '')
}

async function swap(client: Redis, key: string): Promise<void> {
  const [first, second] = await client.lrange(key, 0, 1)
  await client
    .multi()
    .lset(key, 0, second ?? '')
    .lset(key, 1, first ?? '')
    .exec()
}

/** Moves what no transfer moved. */
async function move(client: Redis, amount: number): Promise<void> {
  await client
    .multi()
    .decrby('verify-7:transaction:1', amount)
    .incrby('verify-7:transaction:2', amount)
    .exec()
}

/** What is written at once may be overwritten before anybody reads it: again, until somebody did. */
/** Between a program's GET and its SET nothing that is done to the key is seen by anybody. */
async function untilBack(
  running: RunningWorkload,
  key: string,
  hurt: (key: string) => Promise<unknown>,
): Promise<void> {
  await eventually(`${key} goes back`, 10_000, async () => {
    await hurt(key)
    await answered(running, 50)
    const counts = running.operations.flatMap(({ call, outcome }) =>
      call.do === 'advance' && call.key === key && outcome.kind === 'ok' ? [Number(outcome.answer)] : [],
    )
    return counts.some((count, index) => count <= (counts[index - 1] ?? 0)) || String(counts.at(-1))
  })
}

async function untilRead(
  running: RunningWorkload,
  value: string | null,
  hurt: () => Promise<unknown>,
): Promise<void> {
  const before = running.operations.length
  await eventually(`a read of ${String(value)}`, 10_000, async () => {
    await hurt()
    const read = running.operations
      .slice(before)
      .some(({ call, outcome }) => call.do === 'read' && outcome.kind === 'ok' && outcome.answer === value)
    return read || 'none'
  })
}
