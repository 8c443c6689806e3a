import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { eventually } from '../../test/harness/eventually.ts'
import type { Primary } from '../discovery/discovery.ts'
import { encodeCommand } from '../resp/encode.ts'
import { plainConnect } from './connection.ts'
import { Door, type Question } from './door.ts'

/** Answers OK to each command of connections that are not held. */
async function startServer(t: TestContext) {
  const sockets: Socket[] = []
  const held = new Set<Socket>()
  const owed = new Map<Socket, number>()
  let received = ''
  let isHolding = false
  const answer = (socket: Socket) => {
    socket.write('+OK\r\n'.repeat(owed.get(socket) ?? 0))
    owed.set(socket, 0)
  }
  const server = createServer((socket) => {
    sockets.push(socket)
    if (isHolding) held.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      received += text
      owed.set(socket, (owed.get(socket) ?? 0) + text.split('*').length - 1)
      if (!held.has(socket)) answer(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const primary: Primary = {
    node: 0,
    address: { host: '127.0.0.1', port },
    epoch: { number: 1, node: 0 },
    run: 'run',
    members: [],
  }
  const door = new Door(plainConnect)
  t.after(() => {
    door.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    door,
    primary,
    /** Those that connect are not answered, until this is called with false. */
    hold: (on: boolean) => {
      isHolding = on
      if (on) return
      for (const socket of held) answer(socket)
      held.clear()
    },
    received: () => received,
    connections: () => sockets.filter((socket) => !socket.destroyed).length,
  }
}

function question(word: string, done: Question['done'], isWanted = () => true): Question {
  const commands = [encodeCommand(['ECHO', word])]
  return { restore: [encodeCommand(['AUTH', 'secret'])], commands, wanted: 1, isWanted, done }
}

test('a question that waits long for its answer does not hold up those of others', async (t) => {
  const { door, primary, hold, received, connections } = await startServer(t)
  const answers: (string | undefined)[] = []
  const answered = (answer: Buffer | null) => answers.push(answer?.toString())
  hold(true)
  door.ask(primary, question('first', answered))
  await eventually('asked', 5000, () => received().includes('AUTH') || received())
  await eventually('another connection', 5000, () => {
    door.ask(primary, question('other', answered))
    return connections() > 1 || `${String(connections())} connections`
  })
  hold(false)
  await eventually('all are answered', 5000, () => !answers.includes(undefined) && answers.length > 1)
  await eventually('one connection is kept', 5000, () => connections() === 1 || String(connections()))
})

test('nobody is asked for a client that has gone', async (t) => {
  const { door, primary, hold, received } = await startServer(t)
  let isGone = false
  hold(true)
  door.ask(
    primary,
    question('first', () => undefined),
  )
  await eventually('asked', 5000, () => received().includes('AUTH') || received())
  const abandoned = new Promise<Buffer | null>((resolve) => {
    door.ask(
      primary,
      question('abandoned', resolve, () => !isGone),
    )
  })
  const last = new Promise<Buffer | null>((resolve) => {
    door.ask(primary, question('last', resolve))
  })
  isGone = true
  hold(false)
  assert.equal((await last)?.toString(), '+OK\r\n')
  assert.equal(await abandoned, null)
  assert.ok(!received().includes('abandoned'), received())
})
