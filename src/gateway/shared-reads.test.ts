import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { acceptOptions, withSharedReads } from './shared-reads.ts'

/** A server that hands each connection, as it reads it, to `use`. */
async function serverWith(
  t: TestContext,
  use: (socket: Socket, number: number) => (piece: Buffer) => void,
): Promise<{ readonly port: number }> {
  let count = 0
  const server = createServer(acceptOptions, (accepted) => {
    let receive: (piece: Buffer) => void = () => undefined
    const socket = withSharedReads(accepted, (piece) => {
      receive(piece)
    })
    receive = use(socket, count++)
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port }
}

test('what several clients send arrives whole, in order, and stays as it came', async (t) => {
  const pieces: Buffer[][] = []
  const ended: Promise<unknown>[] = []
  const { port } = await serverWith(t, (socket, number) => {
    const own: Buffer[] = []
    pieces[number] = own
    ended.push(once(socket, 'end').then(() => socket.end('over')))
    return (piece) => own.push(Buffer.from(piece))
  })
  const letters = ['a', 'b', 'c']
  await Promise.all(
    letters.map(async (letter) => {
      const client = connect({ port, host: '127.0.0.1' })
      client.write(letter)
      for (let size = 1; size < 300_000; size *= 7) client.write(letter.repeat(size))
      client.end()
      const [answer] = (await once(client, 'data')) as [Buffer]
      assert.equal(answer.toString(), 'over')
    }),
  )
  await Promise.all(ended)
  const texts = pieces.map((own) => Buffer.concat(own).toString()).toSorted((a, b) => a.localeCompare(b))
  let length = 1
  for (let size = 1; size < 300_000; size *= 7) length += size
  assert.deepEqual(
    texts.map((text) => [text.length, text === text.charAt(0).repeat(length)]),
    letters.map(() => [length, true]),
  )
})

test('a connection that is paused within a piece takes nothing further until it goes on', async (t) => {
  const got: string[] = []
  let socket: Socket | null = null
  const { port } = await serverWith(t, (one) => {
    socket = one
    return (piece) => {
      got.push(piece.toString())
      one.pause()
      one.write('taken')
    }
  })
  const client = connect({ port, host: '127.0.0.1', noDelay: true })
  t.after(() => client.destroy())
  client.write('one')
  await once(client, 'data')
  client.write('two')
  // another connection, whose bytes are read after the first one's were there to be read
  const other = connect({ port, host: '127.0.0.1' })
  const first = socket as Socket | null
  other.write('other')
  await once(other, 'data')
  other.destroy()
  assert.deepEqual(got, ['one', 'other'])
  first?.resume()
  await once(client, 'data')
  assert.deepEqual(got, ['one', 'other', 'two'])
})
