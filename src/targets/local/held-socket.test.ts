import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { freePort } from '../../../test/harness/bare-redis.ts'
import { holdSocket, probeListen } from './held-socket.ts'

const host = '127.30.0.17'

describe('a held socket', () => {
  test('keeps the address: who connects while its server is away is served by the next', async () => {
    const port = await freePort(host)
    const held = holdSocket(host, port)
    assert.ok(held)
    const script = `require('node:net').createServer((c) => c.end('hello')).listen({ fd: 3 })`
    const { spawn } = await import('node:child_process')
    const start = () =>
      spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit', held.fd] })
    const ask = async () => {
      const socket = connect(port, host)
      const [data] = (await once(socket, 'data')) as [Buffer]
      return data.toString()
    }
    const first = start()
    await once(first, 'spawn')
    for (let reached = false; !reached;)
      reached = await ask().then(
        () => true,
        () => false,
      )
    first.kill('SIGKILL')
    await once(first, 'exit')
    const waiting = ask()
    const second = start()
    assert.equal(await waiting, 'hello')
    second.kill('SIGKILL')
    await once(second, 'exit')
    held.close()
    assert.equal(await probeListen(host, port), null)
  })

  test('is null when somebody listens there, so that the component says so itself', async () => {
    const server = createServer().listen(0, host)
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    assert.equal(holdSocket(host, address.port), null)
    assert.equal(await probeListen(host, address.port), 'EADDRINUSE')
    server.close()
  })
})
