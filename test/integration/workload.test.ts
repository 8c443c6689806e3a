import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import type { CountedHistory } from '../../src/verify/checkers/counted.ts'
import { summarize } from '../../src/verify/summary.ts'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import { freePort, startBareRedis } from '../harness/bare-redis.ts'
import { startCounter } from '../harness/counter.ts'

const HOST = '127.20.2.1'

interface Address {
  readonly host: string
  readonly port: number
}

const envOf = ({ host, port }: Address) => ({ REDIS_HOST: host, REDIS_PORT: String(port) })
const check = async (history: CountedHistory, redis: Address) =>
  checkCounter({ history, final: await readFinalCounts(idsOf(history), redis) })

/** A counter of a few lines, as they are found. */
async function startNaive(listener: RequestListener) {
  const server = createServer(listener).listen(0, HOST)
  await once(server, 'listening')
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

describe('a load on the counter', () => {
  it('is found sound while nothing breaks, with own and shared ids', async () => {
    await using redis = await startBareRedis({ host: HOST })
    await using counter = await startCounter(HOST, envOf(redis))
    const load = runLoad({ baseUrl: counter.url, callers: 16, idPrefix: 'calm:' })
    await load.answered(2000)
    const history = await load.stop()
    const verdict = await check(history, redis)
    assert.deepEqual([verdict.result, verdict.unknown, verdict.refused], ['sound', 0, 0])
    assert.equal(verdict.acknowledged, history.length)
    assert.equal(idsOf(history).size, 18)
    await assert.rejects(load.answered(1))
  })

  it('keeps its schedule, so that a stall of Redis is seen as latency of all that was due', async () => {
    await using redis = await startBareRedis({ host: HOST })
    await using counter = await startCounter(HOST, envOf(redis))
    const load = runLoad({ baseUrl: counter.url, callers: 4, ratePerSecond: 200, idPrefix: 'stall:' })
    await load.answered(50)
    redis.process.kill('SIGSTOP')
    setTimeout(() => redis.process.kill('SIGCONT'), 500)
    await load.answered(200)
    const history = await load.stop()
    const slow = history.filter((operation) => operation.endMs - operation.dueMs > 100)
    // Four callers were waiting; some eighty more were due meanwhile.
    assert.ok(slow.length > 40, `${slow.length} calls were slow`)
    assert.ok(summarize(history).longestGapMs > 400)
    assert.equal((await check(history, redis)).result, 'sound')
  })

  it('is found sound when Redis dies and comes back with every answered write', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-workload-'))
    const port = await freePort(HOST)
    const durable = {
      host: HOST,
      port,
      extraArgs: ['--dir', directory, '--appendonly', 'yes', '--appendfsync', 'always'],
    }
    const first = await startBareRedis(durable)
    await using counter = await startCounter(HOST, envOf(first))
    const load = runLoad({ baseUrl: counter.url, callers: 8, idPrefix: 'kill:' })
    await load.answered(200)
    await first.kill()
    await using second = await startBareRedis(durable)
    await load.answered(200)
    const verdict = await check(await load.stop(), second)
    assert.deepEqual(verdict.anomalies, [])
    assert.ok(verdict.unknown <= 8, `${verdict.unknown} calls were in flight on 8 connections`)
    assert.equal(verdict.refused, 0)
    await rm(directory, { recursive: true })
  })

  it('is found violated when the data is lost', async () => {
    const port = await freePort(HOST)
    const first = await startBareRedis({ host: HOST, port })
    await using counter = await startCounter(HOST, envOf(first))
    const load = runLoad({ baseUrl: counter.url, callers: 8, idPrefix: 'empty:' })
    await load.answered(200)
    await first.kill()
    await using second = await startBareRedis({ host: HOST, port })
    await load.answered(200)
    const kinds = new Set((await check(await load.stop(), second)).anomalies.map(({ kind }) => kind))
    assert.ok(kinds.has('lost') && kinds.has('reset') && kinds.has('twice'), [...kinds].join())
  })

  it('sees no call cut off when the counter stops, at most refused ones after it', async () => {
    await using redis = await startBareRedis({ host: HOST })
    const counter = await startCounter(HOST, envOf(redis))
    const load = runLoad({ baseUrl: counter.url, callers: 32, idPrefix: 'stop:' })
    await load.answered(1000)
    assert.equal(await counter.stop(), 0)
    const history = await load.stop()
    const { result, unknown } = await check(history, redis)
    assert.deepEqual({ result, unknown }, { result: 'sound', unknown: 0 })
  })

  it('finds a counter that reads and then writes', async () => {
    await using redis = await startBareRedis({ host: HOST })
    const client = redis.connect()
    using naive = await startNaive((request, response) => {
      const id = decodeURIComponent(request.url?.slice(1) ?? '')
      void client.get(id).then(async (value) => {
        const count = Number(value) + 1
        await client.set(id, count)
        response.end(`{"count":${count}}`)
      })
    })
    const load = runLoad({ baseUrl: naive.url, callers: 8, idPrefix: 'naive:' })
    await load.answered(1000)
    const verdict = await check(await load.stop(), redis)
    client.disconnect()
    const kinds = new Map(verdict.anomalies.map(({ kind, id }) => [kind, id]))
    assert.ok(kinds.has('lost') && kinds.has('twice'))
    assert.ok(verdict.anomalies.every(({ id }) => id.includes('shared')))
  })
})

describe('what a caller knows', () => {
  const whyOf = async (baseUrl: string, timeoutMs = 5000) => {
    const load = runLoad({ baseUrl, callers: 1, idPrefix: 'why:', durationMs: 30, timeoutMs })
    const [first] = await load.finished
    assert.ok(first)
    return first.outcome
  }
  const refused = (why: string) => ({ kind: 'refused', why })
  const unknown = (why: string) => ({ kind: 'unknown', why })

  it('nobody listens: it did not count', async () => {
    assert.deepEqual(await whyOf(`http://${HOST}:${await freePort(HOST)}`), refused('econnrefused'))
  })

  const servers: readonly (readonly [string, RequestListener, unknown])[] = [
    ['500', (_, response) => response.writeHead(500).end(), unknown('http-500')],
    ['503', (_, response) => response.writeHead(503).end(), unknown('http-503')],
    ['404', (_, response) => response.writeHead(404).end(), refused('http-404')],
    ['a page', (_, response) => response.end('<html>'), unknown('no-count')],
    ['a reset', (request) => request.socket.resetAndDestroy(), unknown('econnreset')],
    ['a close', (request) => request.socket.destroy(), unknown('econnreset')],
    ['half an answer', (_, response) => cutOff(response), unknown('econnreset')],
    ['silence', () => undefined, unknown('timeout')],
    ['an answer without end', (_, response) => response.write('{'), unknown('timeout')],
  ]
  for (const [name, listener, expected] of servers)
    it(name, async () => {
      using server = await startNaive(listener)
      assert.deepEqual(await whyOf(server.url, 300), expected)
    })

  const cutOff = (response: Parameters<RequestListener>[1]) => {
    response.writeHead(200, { 'content-length': '11' })
    response.write('{"co', () => response.socket?.destroy())
  }
})

describe('the final counts', () => {
  it('are 0 for an id that was never counted, and an error for what is no count', async () => {
    await using redis = await startBareRedis({ host: HOST, password: 'secret' })
    const client = redis.connect()
    await client.mset('five', '5', 'word', 'hello')
    const connection = { host: HOST, port: redis.port, password: 'secret' }
    assert.deepEqual(
      [...(await readFinalCounts(['five', 'none', 'five'], connection))],
      [
        ['five', 5],
        ['none', 0],
      ],
    )
    await assert.rejects(readFinalCounts(['word'], connection), /word/)
    client.disconnect()
  })

  it('name the address and the reason when nobody answers', async () => {
    const port = await freePort(HOST)
    await assert.rejects(
      readFinalCounts(['a'], { host: HOST, port, timeoutMs: 300 }),
      new RegExp(`${HOST}:${port}.*ECONNREFUSED`),
    )
  })
})
