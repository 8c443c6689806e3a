import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { errorsByKind, longestCallMs } from '../../src/verify/series.ts'
import { getsetApp } from '../../src/verify/workloads/getset-app.ts'
import { impatient } from '../../src/verify/workloads/impatient.ts'
import { incr } from '../../src/verify/workloads/incr.ts'
import { append } from '../../src/verify/workloads/append.ts'
import { register } from '../../src/verify/workloads/register.ts'
import { RedisCaller } from '../../src/verify/workloads/redis-caller.ts'
import { transaction } from '../../src/verify/workloads/transaction.ts'
import type { RunningWorkload, Workload } from '../../src/verify/workloads/workload.ts'
import { freePort, startBareRedis } from '../harness/bare-redis.ts'
import { eventually } from '../harness/eventually.ts'

const HOST = '127.20.5.1'
const timeoutMs = 400

interface Address {
  readonly host: string
  readonly port: number
}

const callerAt = ({ host, port }: Address, password = '', db = 0) =>
  new RedisCaller({ host, port, password, db })

const start = (workload: Workload, { host, port }: Address, limitMs = 5000) => {
  const beganMs = performance.now()
  return workload.start({
    endpoints: { url: null, redis: [{ host, port, password: '', db: 0 }] },
    prefix: 'callers:',
    callers: 4,
    ratePerSecond: 300,
    timeoutMs: limitMs,
    random: Math.random,
    now: () => performance.now() - beganMs,
  })
}

async function answered(running: RunningWorkload, calls: number): Promise<void> {
  const ok = () => running.operations.filter(({ outcome }) => outcome.kind === 'ok').length
  const goal = ok() + calls
  await eventually(`${calls} more answers`, 20_000, () => ok() >= goal || `${ok()} of ${goal}`)
}

/** Answers every INCR with these bytes, and whatever a client says before with OK. */
async function startAnswering(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  let increments = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      for (const _ of chunk.matchAll(/\r\n(?:hello|client)\r\n/gi)) socket.write('+OK\r\n')
      if (!/\r\nincr\r\n/i.test(chunk)) return
      increments += 1
      answer(socket)
    })
  }).listen(0, HOST)
  await once(server, 'listening')
  return {
    host: HOST,
    port: (server.address() as AddressInfo).port,
    increments: () => increments,
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

describe('what a caller at Redis knows', () => {
  const refused = (why: string) => ({ kind: 'refused', why })
  const unknown = (why: string) => ({ kind: 'unknown', why })

  const outcomeAt = async (address: Address, password = '', db = 0) => {
    const caller = callerAt(address, password, db)
    const outcome = await caller.send(timeoutMs, (redis) => redis.incr('a'))
    caller.close()
    return outcome
  }

  it('nobody listens: it did not run', async () => {
    assert.deepEqual(await outcomeAt({ host: HOST, port: await freePort(HOST) }), refused('econnrefused'))
  })

  const answers: readonly (readonly [string, unknown])[] = [
    ['-TRYAGAIN no primary could be reached in time; this command did not run', refused('TRYAGAIN')],
    ['-UNCERTAIN it may have run', unknown('UNCERTAIN')],
    ['-READONLY You can not write against a read only replica.', refused('READONLY')],
    ['-LOADING Redis is loading the dataset in memory', refused('LOADING')],
    ['-NOREPLICAS Not enough good replicas to write.', refused('NOREPLICAS')],
    ['-OOM command not allowed', refused('OOM')],
    ['-ERR what nobody knows', unknown('ERR')],
    [':41', { kind: 'ok', answer: 41 }],
  ]
  for (const [bytes, expected] of answers)
    it(bytes, async () => {
      using server = await startAnswering((socket) => socket.write(`${bytes}\r\n`))
      assert.deepEqual(await outcomeAt(server), expected)
    })

  it('a connection lost, and silence, leave it open; neither is sent again', async () => {
    using cutting = await startAnswering((socket) => socket.destroy())
    using silent = await startAnswering(() => undefined)
    assert.deepEqual(await outcomeAt(cutting), unknown('connection lost'))
    assert.deepEqual(await outcomeAt(silent), unknown('timeout'))
    assert.deepEqual([cutting.increments(), silent.increments()], [1, 1])
  })

  it('a wrong password and a database that is not there: it did not run', async () => {
    await using redis = await startBareRedis({ host: HOST, password: 'right' })
    assert.deepEqual(await outcomeAt(redis, 'wrong'), refused('WRONGPASS'))
    assert.deepEqual(await outcomeAt(redis), refused('NOAUTH'))
    assert.equal((await outcomeAt(redis, 'right', 99)).kind, 'refused')
    assert.deepEqual(await outcomeAt(redis, 'right', 9), { kind: 'ok', answer: 1 })
  })

  it('a transaction whose commands were refused did not run, and says why', async () => {
    await using redis = await startBareRedis({ host: HOST, extraArgs: ['--min-replicas-to-write', '1'] })
    const caller = callerAt(redis)
    const outcome = await caller.send(timeoutMs, (client) => client.multi().incr('a').incr('b').exec())
    assert.deepEqual(outcome, refused('NOREPLICAS'))
    caller.close()
  })

  it('after a time-out the next call is on a connection of its own', async () => {
    await using redis = await startBareRedis({ host: HOST })
    const caller = callerAt(redis)
    const id = () => caller.send(timeoutMs, (client) => client.client('ID'))
    const first = await id()
    assert.deepEqual(await id(), first)
    redis.process.kill('SIGSTOP')
    assert.deepEqual(await id(), unknown('timeout'))
    redis.process.kill('SIGCONT')
    const second = await id()
    assert.equal(second.kind, 'ok')
    assert.notDeepEqual(second, first)
    caller.close()
  })
})

describe('a Redis that dies and comes back with every answered write', () => {
  for (const workload of [incr, append, register, transaction, getsetApp])
    it(`is sound for ${workload.name}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'holdfast-workloads-'))
      const durable = {
        host: HOST,
        port: await freePort(HOST),
        extraArgs: ['--dir', directory, '--appendonly', 'yes', '--appendfsync', 'always'],
      }
      const first = await startBareRedis(durable)
      await using running = disposable(await start(workload, first))
      await answered(running, 100)
      await first.kill()
      await eventually('a call that is refused', 5000, () =>
        'econnrefused' in errorsByKind(running.operations) ? true : 'none',
      )
      await using second = await startBareRedis(durable)
      await answered(running, 100)
      await running.stop()
      const verdict = await running.judge()
      assert.deepEqual([verdict.result, verdict.anomalies], ['sound', []])
      assert.ok(verdict.refused + verdict.unknown > 0)
      await running.remove()
      assert.equal(await dbsize(second), 0)
      await rm(directory, { recursive: true })
    })
})

describe('a Redis that hangs', () => {
  it('doubles what an impatient client gave up, and is not accused', async () => {
    await using redis = await startBareRedis({ host: HOST })
    await using running = disposable(await start(impatient, redis))
    await answered(running, 100)
    redis.process.kill('SIGSTOP')
    setTimeout(() => redis.process.kill('SIGCONT'), 1600)
    await answered(running, 500)
    await running.stop()
    const verdict = await running.judge()
    assert.deepEqual([verdict.result, verdict.anomalies], ['sound', []])
    // What was sent before the hang is run after it, though nobody waits for it any more.
    assert.match(verdict.notes.join(), /given up after 1 s: [1-9]\d*; [1-9]\d* of them counted nonetheless/)
    assert.deepEqual(errorsByKind(running.operations), {})
    const longestMs = longestCallMs(running.operations, { fromMs: 0, toMs: Infinity })
    assert.ok(longestMs > 1400, `${longestMs} ms`)
  })

  it('and whose end nobody can read proves nothing', async () => {
    const redis = await startBareRedis({ host: HOST })
    await using running = disposable(await start(incr, redis, 700))
    await answered(running, 50)
    await redis.kill()
    await running.stop()
    const verdict = await running.judge()
    assert.equal(verdict.result, 'unproved')
    assert.match(verdict.notes.join(), new RegExp(`could not be read: ${HOST}:${redis.port}`))
    await assert.rejects(running.remove(), { code: 'TIMEOUT' })
  })

  it('cannot be started where nobody is', async () => {
    const nobody = { host: HOST, port: await freePort(HOST) }
    await assert.rejects(start(transaction, nobody), { code: 'NOT_RUNNING' })
  })
})

/** Stopped, whatever becomes of the test. */
function disposable(running: RunningWorkload): RunningWorkload & AsyncDisposable {
  return Object.assign(running, { [Symbol.asyncDispose]: () => running.stop() })
}

async function dbsize(redis: {
  connect(): { dbsize(): Promise<number>; disconnect(): void }
}): Promise<number> {
  const client = redis.connect()
  const size = await client.dbsize()
  client.disconnect()
  return size
}
