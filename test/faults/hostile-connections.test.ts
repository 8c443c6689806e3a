import assert from 'node:assert/strict'
import { eventually } from '../harness/eventually.ts'
import { command, HostileClient } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'
import { clientPassword } from '../harness/redis-group.ts'

// Connections: too many, half of them, torn ones, and those that knock for ever.

const wrong = '-WRONGPASS invalid username-password pair or user is disabled.\r\n'

/** As many as there may be, and one more. */
async function idle(scene: HostileScene): Promise<void> {
  const { sessions } = await scene.gateway.status()
  for (let open = sessions; open < 10_000;) {
    const batch = Math.min(250, 10_000 - open)
    const clients = await Promise.all(Array.from({ length: batch }, () => scene.open()))
    for (const client of clients) client.send(command('INCR', 'idle'))
    await Promise.all(clients.map((client) => client.says(/^:\d+\r\n$/)))
    open += batch
  }
  await scene.load.answered(20)
  const late = await scene.open({ authenticated: false })
  await late.ends()
  assert.equal(late.tail, '-ERR max number of clients reached\r\n')
}

/** What is sent before the client's FIN, and what comes back before the server's. */
const halves: Readonly<Record<string, readonly [string, string]>> = {
  'nothing, and no more': ['', ''],
  'half a command': ['*1\r\n$4\r\nPI', ''],
  'commands, and no more': [
    `${command('SET', 'half', '1')}PING\r\n${command('GET', 'half')}`,
    '+OK\r\n+PONG\r\n$1\r\n1\r\n',
  ],
  'commands and half of one': [
    `${command('SET', 'half', '2')}${command('GET', 'half').slice(0, -3)}`,
    '+OK\r\n',
  ],
  'a command that blocks': [command('BLPOP', 'half:none', '0'), ''],
  'half a transaction': [`MULTI\r\n${command('SET', 'half', '3')}`, '+OK\r\n+QUEUED\r\n'],
}

async function halfOpen(scene: HostileScene, sent: string, expected: string): Promise<void> {
  const client = await scene.open()
  client.socket.end(Buffer.from(sent, 'latin1'))
  await client.ends()
  assert.equal(client.tail, expected)
}

async function subscribedAndHalfOpen(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(command('SUBSCRIBE', 'half'))
  await client.says(/:1\r\n$/)
  client.socket.end()
  await client.ends()
}

async function resetAtOnce(scene: HostileScene): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    const clients = await Promise.all(Array.from({ length: 100 }, () => scene.open({ authenticated: false })))
    for (const client of clients) client.reset()
  }
}

/** In the middle of a command, and with commands under way. */
async function resetWithin(scene: HostileScene): Promise<void> {
  const commands = command('INCR', 'reset').repeat(200)
  for (let round = 0; round < 20; round += 1) {
    const clients = await Promise.all(Array.from({ length: 10 }, () => scene.open()))
    for (const [index, client] of clients.entries()) {
      client.send(commands + (index % 2 === 0 ? '*3\r\n$3\r\nSET\r\n$3\r\nk' : ''))
      if (index % 3 === 0) await client.says(/^:\d+\r\n/)
      client.reset()
    }
  }
  const witness = await scene.open()
  witness.send(command('GET', 'reset'))
  await witness.says(/^\$\d+\r\n\d+\r\n$/)
  const count = Number(/\n(\d+)\r\n$/.exec(witness.tail)?.[1])
  assert.ok(count <= 20 * 10 * 200, String(count))
}

/** Whoever knows the password gets in meanwhile. */
async function knocking(scene: HostileScene): Promise<void> {
  const stranger = await scene.open({ authenticated: false })
  const count = 10_000
  stranger.send(command('AUTH', 'guess').repeat(count))
  for (let round = 0; round < 20; round += 1) {
    const client = await scene.open()
    client.send(command('PING'))
    await client.says(/^\+PONG\r\n$/)
    client.socket.destroy()
  }
  await eventually('every answer', 30_000, () => {
    return stranger.receivedBytes === count * wrong.length || String(stranger.receivedBytes)
  })
  assert.ok(stranger.tail.endsWith(wrong.repeat(100)))
}

async function comingAndGoing(scene: HostileScene): Promise<void> {
  const { gateway } = scene.group.topology
  const visit = async (): Promise<void> => {
    for (let round = 0; round < 60; round += 1) {
      const client = await HostileClient.open(gateway, clientPassword)
      client.send(`${command('INCR', 'visits')}QUIT\r\n${command('INCR', 'visits')}`)
      await client.ends()
      assert.match(client.tail, /^:\d+\r\n\+OK\r\n$/)
    }
  }
  await Promise.all(Array.from({ length: 20 }, visit))
  const witness = await scene.open()
  witness.send(command('GET', 'visits'))
  await witness.says(/^\$4\r\n1200\r\n$/)
}

const inputs: readonly HostileInput[] = [
  ...Object.entries(halves).map(([name, [sent, expected]]) => ({
    name: `half-open: ${name}`,
    attack: (scene: HostileScene) => halfOpen(scene, sent, expected),
  })),
  { name: 'half-open: a subscription', attack: subscribedAndHalfOpen },
  { name: '2,000 connections that are reset at once', attack: resetAtOnce },
  { name: 'connections that are reset within commands', attack: resetWithin },
  { name: '10,000 wrong passwords in one pipeline', attack: knocking },
  { name: '1,200 visits', attack: comingAndGoing },
  { name: '10,000 idle connections', attack: idle, growthMib: 200 },
]

testHostileInputs(inputs)
