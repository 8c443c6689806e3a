import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { startRelay } from './relay.ts'

const node = '127.30.0.21'
const caller = '127.30.0.22'

/** @returns a caller's connection through a relay, and what arrived at the other end of it */
async function through(t: TestContext, delayMs: number): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, node)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const relay = await startRelay({ address: node, port, delayMs })
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const near = createConnection({
    host: node,
    port: (relay.address() as AddressInfo).port,
    localAddress: caller,
    allowHalfOpen: true,
  })
  const [far] = await accepted
  far.on('error', () => undefined)
  t.after(() => {
    for (const socket of [near, far]) socket.destroy()
    relay.close()
    server.close()
  })
  return { near, far }
}

async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('the other end sees the address that the connection came from', async (t) => {
  const { far } = await through(t, 0)
  assert.equal(far.remoteAddress, caller)
})

test('everything comes later, each way', async (t) => {
  const { near, far } = await through(t, 60)
  const startedAt = performance.now()
  far.once('data', () => far.write('answer'))
  near.write('question')
  await once(near, 'data')
  assert.ok(performance.now() - startedAt >= 115)
})

test('many megabytes arrive whole and in order, and an end of one direction leaves the other', async (t) => {
  const { near, far } = await through(t, 5)
  const sent = Buffer.alloc(24 * 2 ** 20)
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at)
  near.end(sent)
  const got = await received(far)
  assert.equal(Buffer.compare(got, sent), 0)
  far.end('still here')
  assert.equal((await received(near)).toString(), 'still here')
})

test('a connection that is lost at one end is lost at the other', async (t) => {
  const { near, far } = await through(t, 5)
  const lost = once(near, 'error') as Promise<[NodeJS.ErrnoException]>
  far.resetAndDestroy()
  const [{ code }] = await lost
  assert.equal(code, 'ECONNRESET')
})
