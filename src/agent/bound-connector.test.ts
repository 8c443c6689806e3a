import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { controlConnection } from './redis-link.ts'

test('a control connection comes from the address of its node, also when it connects again', async (t) => {
  const seen: (string | undefined)[] = []
  const server = createServer((socket) => {
    seen.push(socket.remoteAddress)
    // The first one is lost at once.
    if (seen.length === 1) socket.destroy()
  })
  server.listen(0, '127.30.0.11')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = controlConnection({
    host: '127.30.0.11',
    port,
    internalSecret: 'secret',
    from: '127.30.0.12',
  })
  t.after(() => {
    connection.disconnect()
    server.close()
  })
  await once(server, 'connection')
  const [again] = (await once(server, 'connection')) as [Socket]
  again.destroy()
  assert.deepEqual(seen, ['127.30.0.12', '127.30.0.12'])
})
