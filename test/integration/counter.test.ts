import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { HoldfastError } from '../../src/errors.ts'
import { runCounter } from '../../src/counter/main.ts'
import { freePort, startBareRedis } from '../harness/bare-redis.ts'
import type { BareRedis } from '../harness/bare-redis.ts'
import { rawRequest, startCounter } from '../harness/counter.ts'
import type { RunningCounter } from '../harness/counter.ts'

const HOST = '127.20.1.1'
const PASSWORD = 'a secret with spaces and "quotes"'
const JSON_TYPE = 'application/json; charset=utf-8'
const FAILED = { status: 500, type: 'text/plain', body: 'failed to get count' }

const envFor = (redis: BareRedis, more: Record<string, string> = {}) => ({
  REDIS_HOST: redis.host,
  REDIS_PORT: String(redis.port),
  REDIS_PASSWORD: PASSWORD,
  ...more,
})

const get = async (url: string, method = 'GET') => {
  const response = await fetch(url, { method })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: await response.text(),
  }
}

describe('the counter over a real Redis', () => {
  let redis: BareRedis
  let counter: RunningCounter
  let client: ReturnType<BareRedis['connect']>

  before(async () => {
    redis = await startBareRedis({ host: HOST, password: PASSWORD })
    counter = await startCounter(HOST, envFor(redis))
    client = redis.connect()
  })
  after(async () => {
    client.disconnect()
    await counter.stop()
    await redis[Symbol.asyncDispose]()
  })

  it('counts from 1, to the byte of body and content type', async () => {
    for (const count of [1, 2, 3])
      assert.deepEqual(await get(`${counter.url}/bytes`), {
        status: 200,
        type: JSON_TYPE,
        body: `{"count":${count}}`,
      })
    assert.equal(await client.get('bytes'), '3')
    const raw = await rawRequest(counter, '/bytes')
    assert.equal(raw.headers['content-length'], '11')
  })

  it('goes on with what an older deployment stored', async () => {
    await client.set('older', '41')
    assert.equal((await get(`${counter.url}/older`)).body, '{"count":42}')
  })

  it('loses and doubles nothing among concurrent requests', async () => {
    const bodies = await Promise.all(Array.from({ length: 500 }, () => get(`${counter.url}/busy`)))
    const counts = new Set(bodies.map(({ body }) => body))
    assert.equal(counts.size, 500)
    assert.equal(await client.get('busy'), '500')
  })

  const ids: readonly (readonly [name: string, target: string, key: string])[] = [
    ['percent-encoding', '/a%20b%2Bc', 'a b+c'],
    ['a plus, which is no space', '/a+b', 'a+b'],
    ['unicode', '/caf%C3%A9%F0%9F%90%98', 'caf\xc3\xa9\xf0\x9f\x90\x98'],
    ['bytes that are no UTF-8', '/%ff%fe', '\xff\xfe'],
    ['a null byte', '/a%00b', 'a\0b'],
    ['line breaks', '/a%0d%0aSET%20x%201', 'a\r\nSET x 1'],
    ['an encoded slash', '/a%2fb', 'a/b'],
    ['a traversal', '/..%2f..%2fetc%2fpasswd', '../../etc/passwd'],
    ['dots', '/..', '..'],
    ['ping and a space', '/ping%20', 'ping '],
    ['Ping', '/Ping', 'Ping'],
    ['what is encoded twice', '/%2541', '%41'],
    ['a name of the prototype', '/__proto__', '__proto__'],
    ['what elsewhere are parameters', '/:id', ':id'],
    ['a star', '/*', '*'],
    ['a semicolon', '/a;b=c', 'a;b=c'],
    ['10 kB', `/${'x'.repeat(10_240)}`, 'x'.repeat(10_240)],
    ['10 kB, all percent-encoded', `/${'%C3%A9'.repeat(5_120)}`, '\xc3\xa9'.repeat(5_120)],
  ]
  for (const [name, target, key] of ids)
    it(`takes an id with ${name} for the key of the same bytes`, async () => {
      const { status, body } = await rawRequest(counter, target)
      assert.deepEqual({ status, body }, { status: 200, body: '{"count":1}' })
      assert.equal(await client.get(Buffer.from(key, 'latin1')), '1')
    })

  it('ignores the query, and takes the absolute form of a target', async () => {
    await rawRequest(counter, '/query?a=/b%zz#c')
    await rawRequest(counter, 'http://elsewhere:1/query?x')
    assert.equal(await client.get('query'), '2')
  })

  for (const target of ['/', '//', '/a/', '/a/b', '//a', '/ping/', '/?a', '*', 'http://host'])
    it(`answers 404 to ${target}`, async () => {
      const before = await client.dbsize()
      assert.equal((await rawRequest(counter, target)).status, 404)
      assert.equal(await client.dbsize(), before)
    })

  for (const target of ['/%', '/%z1', '/a%2', '/na\xc3\xafve', '/a\tb'])
    it(`answers 400 to the malformed ${JSON.stringify(target)}`, async () => {
      assert.equal((await rawRequest(counter, target)).status, 400)
    })

  it('answers 405 to other methods, and counts nothing', async () => {
    for (const [method, extra] of [
      ['POST', 'Content-Type: application/json\r\nContent-Length: 3\r\n\r\n{"a'],
      ['POST', 'Content-Type: text/strange\r\nContent-Length: 2\r\n\r\nab'],
      ['PUT', 'Content-Length: 0\r\n'],
      ['DELETE', ''],
      ['OPTIONS', ''],
      ['PROPFIND', ''],
    ] as const) {
      const { status, headers } = await rawRequest(counter, '/methods', method, extra)
      assert.deepEqual({ method, status, allow: headers.allow }, { method, status: 405, allow: 'get, head' })
    }
    assert.equal(await client.exists('methods'), 0)
    assert.equal((await rawRequest(counter, '/a/b', 'POST')).status, 404)
  })

  it('answers HEAD with the headers of the next GET, without counting', async () => {
    await client.set('head', '9')
    const head = await rawRequest(counter, '/head', 'HEAD')
    assert.equal(await client.get('head'), '9')
    const next = await rawRequest(counter, '/head')
    assert.deepEqual(
      [head.status, head.body, head.headers['content-type'], head.headers['content-length']],
      [200, '', next.headers['content-type'], next.headers['content-length']],
    )
    assert.equal((await rawRequest(counter, '/head-of-nothing', 'HEAD')).status, 200)
    assert.equal(await client.exists('head-of-nothing'), 0)
  })

  it('answers ping with an empty body, however it is spelt, and HEAD', async () => {
    for (const target of ['/ping', '/ping?x', '/%70ing']) {
      const { status, body, headers } = await rawRequest(counter, target)
      assert.deepEqual([status, body, headers['content-length']], [200, '', '0'])
    }
    assert.equal((await rawRequest(counter, '/ping', 'HEAD')).status, 200)
    assert.equal(await client.exists('ping'), 0)
  })

  for (const [name, value] of [
    ['words', 'hello'],
    ['nothing', ''],
    ['a fraction', '1.5'],
    ['a leading zero', '007'],
    ['a space', ' 1'],
    ['the largest integer', '9223372036854775807'],
    ['more than the largest', '9223372036854775808'],
  ] as const)
    it(`answers 500 to a stored value that is ${name}, and leaves it`, async () => {
      await client.set('bad', value)
      assert.deepEqual(await get(`${counter.url}/bad`), FAILED)
      assert.equal((await get(`${counter.url}/bad`, 'HEAD')).status, 500)
      assert.equal(await client.get('bad'), value)
    })

  it('answers 500 to a list, and leaves it', async () => {
    await client.rpush('list', 'a', 'b')
    assert.deepEqual(await get(`${counter.url}/list`), FAILED)
    assert.deepEqual(await client.lrange('list', 0, -1), ['a', 'b'])
  })

  it('is exact beyond 2^53, and below zero', async () => {
    await client.set('large', '9007199254740992')
    assert.equal((await get(`${counter.url}/large`)).body, '{"count":9007199254740993}')
    await client.set('negative', '-3')
    assert.equal((await get(`${counter.url}/negative`)).body, '{"count":-2}')
  })

  it('uses the database it is told', async () => {
    await using other = await startCounter(HOST, envFor(redis, { REDIS_DB: '7' }))
    await get(`${other.url}/in-seven`)
    const seven = redis.connect({ db: 7 })
    assert.equal(await seven.get('in-seven'), '1')
    seven.disconnect()
  })

  it('never counts in another database when its own does not exist', async () => {
    await using other = await startCounter(HOST, envFor(redis, { REDIS_DB: '99' }))
    assert.deepEqual(await get(`${other.url}/nowhere`), FAILED)
    assert.equal(await client.exists('nowhere'), 0)
  })

  it('answers 500 at once when the password is wrong or missing', async () => {
    for (const password of ['wrong', '']) {
      await using other = await startCounter(HOST, envFor(redis, { REDIS_PASSWORD: password }))
      assert.deepEqual(await get(`${other.url}/a`), FAILED)
      assert.deepEqual(await get(`${other.url}/ping`), { status: 500, type: null, body: '' })
    }
  })

  it('serves metrics on their own port only, so that /metrics stays an id', async () => {
    await using other = await startCounter(HOST, envFor(redis, { METRICS_PORT: '0' }))
    assert.equal((await get(`${other.url}/metrics`)).body, '{"count":1}')
    const { body } = await get(`http://${HOST}:${String(other.metricsPort)}/metrics`)
    assert.match(body, /counter_request_duration_seconds_count\{route="id",status="200"\} 1/)
  })

  it('answers what it has accepted before it stops, and closes kept-alive connections', async () => {
    const other = await startCounter(HOST, envFor(redis))
    const socket = connect(other.port, HOST).setEncoding('latin1')
    let text = ''
    socket.on('data', (chunk: string) => (text += chunk))
    socket.write('GET /stop HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    redis.process.kill('SIGSTOP')
    socket.write('GET /stop HTTP/1.1\r\nHost: x\r\n\r\n')
    // An answer that needs no Redis comes only after the request before it was read.
    assert.equal((await rawRequest(other, '/')).status, 404)
    const stopped = other.stop()
    const closed = once(socket, 'close')
    redis.process.kill('SIGCONT')
    assert.equal(await stopped, 0)
    await closed
    assert.match(text, /"count":1\}.*connection: close.*"count":2\}$/is)
    await assert.rejects(fetch(other.url))
  })
})

describe('the counter without its Redis', () => {
  it('starts, waits for a Redis that comes, and answers then', async () => {
    const port = await freePort(HOST)
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST, REDIS_PORT: String(port) })
    const early = get(`${counter.url}/early`)
    assert.equal((await get(`${counter.url}/ping`)).status, 500)
    await using redis = await startBareRedis({ host: HOST, port })
    assert.equal(redis.port, port)
    assert.equal((await early).body, '{"count":1}')
  })

  it('waits for a Redis that still loads its data', async () => {
    let looks = 0
    const server = createServer((socket) => {
      socket.on('data', (bytes) => {
        looks += bytes.includes('PING') ? 1 : 0
        if (looks === 1) socket.write('-LOADING Redis is loading the dataset in memory\r\n')
        else socket.write(bytes.includes('PING') ? '+PONG\r\n' : ':1\r\n')
      })
    })
    await once(server.listen(0, HOST), 'listening')
    const { port } = server.address() as AddressInfo
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST, REDIS_PORT: String(port) })
    assert.equal((await get(`${counter.url}/id`)).body, '{"count":1}')
    assert.equal(looks, 2)
    await counter.stop()
    server.close()
  })

  it('takes no reply for the next one when Redis says something that nobody asked for', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.on('data', (bytes) => {
        if (bytes.includes('PING')) socket.write('+PONG\r\n')
        else socket.write(connections === 1 ? ':1\r\n:7\r\n' : ':2\r\n')
      })
    })
    await once(server.listen(0, HOST), 'listening')
    const { port } = server.address() as AddressInfo
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST, REDIS_PORT: String(port) })
    assert.equal((await get(`${counter.url}/id`)).body, '{"count":1}')
    assert.equal((await get(`${counter.url}/id`)).body, '{"count":2}')
    assert.equal(connections, 2)
    await counter.stop()
    server.close()
  })

  it('answers 500 to what was in flight when Redis died, at once, and never sends it again', async () => {
    const port = await freePort(HOST)
    const first = await startBareRedis({ host: HOST, port })
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST, REDIS_PORT: String(port) })
    await get(`${counter.url}/id`)
    first.process.kill('SIGSTOP')
    const inFlight = get(`${counter.url}/id`)
    assert.equal((await rawRequest(counter, '/')).status, 404)
    await first.kill()
    assert.deepEqual(await inFlight, FAILED)
    await using second = await startBareRedis({ host: HOST, port })
    assert.equal((await get(`${counter.url}/id`)).body, '{"count":1}')
    const client = second.connect()
    assert.equal(await client.get('id'), '1')
    client.disconnect()
  })

  it('gives up after 15 s, and what it gave up never counts', async () => {
    const port = await freePort(HOST)
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST, REDIS_PORT: String(port) })
    const started = performance.now()
    assert.deepEqual(await get(`${counter.url}/given-up`), FAILED)
    assert.ok(performance.now() - started > 10_000)
    await using redis = await startBareRedis({ host: HOST, port })
    assert.equal((await get(`${counter.url}/other`)).body, '{"count":1}')
    const client = redis.connect()
    assert.equal(await client.exists('given-up'), 0)
    client.disconnect()
  })

  it('says every invalid variable at once, with exit code 2', async () => {
    const env = { PORT: '80a', REDIS_PORT: 'tcp://10.0.0.1:6379', REDIS_DB: '-1', REDIS_PASSWORD: 'hidden' }
    await assert.rejects(runCounter({ env, signal: AbortSignal.abort() }), (error: HoldfastError) => {
      assert.match(error.message, /PORT is "80a".*REDIS_PORT is "tcp:.*REDIS_DB is "-1"/)
      assert.doesNotMatch(error.message, /hidden/)
      return error.exitCode === 2
    })
  })

  it('names address and variable when its port is taken', async () => {
    await using counter = await startCounter(HOST, { REDIS_HOST: HOST })
    const env = { HOST, PORT: String(counter.port), REDIS_HOST: HOST }
    await assert.rejects(
      runCounter({ env, signal: new AbortController().signal }),
      (error: HoldfastError) => {
        assert.match(error.message, new RegExp(`${HOST}:${counter.port}`))
        return error.exitCode === 2 && error.hint?.includes('PORT') === true
      },
    )
  })
})
