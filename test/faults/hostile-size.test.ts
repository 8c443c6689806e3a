import assert from 'node:assert/strict'
import { eventually } from '../harness/eventually.ts'
import { command, repeat, type HostileClient } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'

// What is too large, or much too much: an error or a connection lost, and memory within bounds.

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const invalidBulk = '-ERR Protocol error: invalid bulk length\r\n'
const unauthenticatedBulk = '-ERR Protocol error: unauthenticated bulk length\r\n'
const unauthenticatedCount = '-ERR Protocol error: unauthenticated multibulk length\r\n'

async function strangersBulk(scene: HostileScene): Promise<void> {
  const [gateway, redis] = await Promise.all([
    scene.open({ authenticated: false }),
    scene.openDirect({ authenticated: false }),
  ])
  for (const client of [gateway, redis]) {
    client.send('*2\r\n$4\r\nAUTH\r\n$16385\r\n')
    await client.ends()
    assert.equal(client.tail, unauthenticatedBulk)
  }
}

async function strangersArguments(scene: HostileScene): Promise<void> {
  const [gateway, redis] = await Promise.all([
    scene.open({ authenticated: false }),
    scene.openDirect({ authenticated: false }),
  ])
  for (const client of [gateway, redis]) {
    client.send('*11\r\n')
    await client.ends()
    assert.equal(client.tail, unauthenticatedCount)
  }
}

/** Each under what a stranger may send, and never finished. */
async function strangersFlood(scene: HostileScene): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 300 }, () => scene.open({ authenticated: false })))
  const frame = `*10\r\n${`$16384\r\n${'x'.repeat(16384)}\r\n`.repeat(9)}$16384\r\n${'x'.repeat(16383)}`
  for (const client of clients) client.send(frame)
  await scene.load.answered(20)
}

/** Whole commands, as fast as they are taken, and no answer is ever read. */
async function strangersCommands(scene: HostileScene): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 20 }, () => scene.open({ authenticated: false })))
  const piece = Buffer.from(command('ECHO', 'x'.repeat(16_000)).repeat(16))
  await Promise.all(
    clients.map(async (client) => {
      client.socket.pause()
      const untilMs = performance.now() + 1500
      await client.flood(repeat(piece, 400), () => performance.now() > untilMs)
    }),
  )
}

async function bulkPastTheLimit(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${String(512 * mebibyte)}\r\n`)
  await client.ends()
  assert.equal(client.tail, invalidBulk)
}

/** What is announced costs nothing before it comes. */
async function announced(scene: HostileScene): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 200 }, () => scene.open()))
  for (const client of clients)
    client.send(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${String(63 * mebibyte)}\r\n${'x'.repeat(1000)}`)
  await scene.load.answered(20)
}

async function tooManyArguments(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send('*1048577\r\n')
  await client.ends()
  assert.equal(client.tail, '-ERR Protocol error: invalid multibulk length\r\n')
}

async function emptyArguments(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  const count = 1_000_000
  await client.flood([Buffer.from(`*${String(count)}\r\n$3\r\nDEL\r\n${'$0\r\n\r\n'.repeat(count - 1)}`)])
  await client.says(/^:0\r\n$/, 20_000)
}

/** Large, in pieces, and cut off before it is whole. */
async function cutOff(scene: HostileScene): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    const client = await scene.open()
    client.send(`*3\r\n$3\r\nSET\r\n$6\r\ncutoff\r\n$${String(40 * mebibyte)}\r\n`)
    await client.flood(repeat(Buffer.alloc(64 * kibibyte, 'x'), 639))
    client.reset()
  }
  const witness = await scene.open()
  witness.send(command('EXISTS', 'cutoff'))
  await witness.says(/^:0\r\n$/)
}

async function neverReads(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(command('SET', 'large', 'x'.repeat(mebibyte)))
  await client.says(/^\+OK\r\n$/)
  client.socket.pause()
  client.send(command('GET', 'large').repeat(1000))
  await scene.load.answered(100)
}

/** The same, but with patience: everything is there in the end. */
async function readsLate(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(command('SET', 'large', 'x'.repeat(mebibyte)))
  await client.says(/^\+OK\r\n$/)
  client.forget()
  client.socket.pause()
  client.send(command('GET', 'large').repeat(100) + command('ECHO', 'the end'))
  await scene.load.answered(50)
  client.socket.resume()
  await client.says(/the end\r\n$/, 20_000)
  assert.equal(client.receivedBytes, 100 * (mebibyte + 12) + 13)
}

async function longPipeline(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  const count = 100_000
  client.send(command('INCR', 'long-pipeline').repeat(count))
  await client.says(new RegExp(`:${String(count)}\r\n$`), 20_000)
  const digits = Array.from({ length: count }, (_, index) => String(index + 1).length + 3)
  assert.equal(
    client.receivedBytes,
    digits.reduce((sum, each) => sum + each),
  )
}

/** Redis itself would keep all of it. */
async function endlessMulti(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(command('MULTI'))
  const piece = Buffer.from(command('SET', 'multi', 'x'.repeat(10 * kibibyte)).repeat(25))
  const untilMs = performance.now() + 6000
  await client.flood(repeat(piece, 2000), () => performance.now() > untilMs)
  await eventually('an answer', 5000, () => client.receivedBytes > 0 || 'nothing')
}

async function manySubscriptions(scene: HostileScene): Promise<void> {
  const client: HostileClient = await scene.open()
  const names = Array.from({ length: 5000 }, (_, index) => `channel:${String(index)}`)
  for (const word of ['SUBSCRIBE', 'PSUBSCRIBE'])
    for (let at = 0; at < names.length; at += 1000) client.send(command(word, ...names.slice(at, at + 1000)))
  await client.says(/channel:4999\r\n:10000\r\n$/, 20_000)
  const publisher = await scene.open()
  publisher.send(command('PUBLISH', 'channel:1234', 'hello'))
  await publisher.says(/^:2\r\n$/)
  await client.says(/\$8\r\npmessage\r\n\$12\r\nchannel:1234\r\n\$12\r\nchannel:1234\r\n\$5\r\nhello\r\n$/)
}

async function manyWatched(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  const names = Array.from({ length: 5000 }, (_, index) => `watched:${String(index)}`)
  for (let at = 0; at < names.length; at += 500) client.send(command('WATCH', ...names.slice(at, at + 500)))
  client.send(`${command('MULTI')}${command('SET', 'watched', '1')}${command('EXEC')}`)
  await client.says(/^(?:\+OK\r\n){11}\+QUEUED\r\n\*1\r\n\+OK\r\n$/, 20_000)
}

async function manyScripts(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  const padding = '-'.repeat(20 * kibibyte)
  const scripts = function* (): Generator<Buffer> {
    for (let at = 0; at < 3000; at += 1)
      yield Buffer.from(command('EVAL', `return ${String(at)} --${padding}`, '0'))
  }
  await client.flood(scripts())
  await client.says(/:2999\r\n$/, 20_000)
}

async function longNames(scene: HostileScene): Promise<void> {
  const name = 'n'.repeat(mebibyte)
  const clients = await Promise.all(Array.from({ length: 50 }, () => scene.open()))
  for (const client of clients) {
    client.send(command('CLIENT', 'SETNAME', name))
    await client.says(/^\+OK\r\n$/)
  }
}

const inputs: readonly HostileInput[] = [
  { name: 'a large argument from a stranger', attack: strangersBulk },
  { name: 'many arguments from a stranger', attack: strangersArguments },
  { name: '300 strangers with as much as they may send', attack: strangersFlood, growthMib: 128 },
  { name: '20 strangers with endless commands, who never read', attack: strangersCommands, growthMib: 128 },
  { name: 'a bulk past the limit', attack: bulkPastTheLimit },
  { name: '200 clients that announce 63 MiB and fall silent', attack: announced },
  { name: 'more arguments than the limit', attack: tooManyArguments },
  { name: 'a million arguments', attack: emptyArguments, growthMib: 160 },
  { name: 'large commands that are cut off', attack: cutOff, growthMib: 256 },
  { name: 'a client that asks for 1000 MiB and never reads', attack: neverReads, growthMib: 128 },
  { name: 'a client that asks for 100 MiB and reads late', attack: readsLate, growthMib: 128 },
  { name: '100,000 commands in one pipeline', attack: longPipeline, growthMib: 128 },
  { name: 'a transaction that is queued for ever', attack: endlessMulti, growthMib: 256 },
  { name: '10,000 subscriptions', attack: manySubscriptions },
  { name: '5,000 watched keys', attack: manyWatched },
  { name: '60 MiB of scripts', attack: manyScripts, growthMib: 128 },
  { name: '50 names of 1 MiB', attack: longNames, growthMib: 160 },
]

testHostileInputs(inputs)
