import assert from 'node:assert/strict'
import { eventually } from '../harness/eventually.ts'
import { command } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'

// What is no RESP: Redis' own words for it, and the end of that connection alone.

const endless = 'x'.repeat(70_000)

/** Bytes that Redis answers by an error and its end of the connection. */
const fatal: Readonly<Record<string, string>> = {
  'a bulk of negative length': '*2\r\n$4\r\nPING\r\n$-1\r\n',
  'a bulk of a length past any limit': '*1\r\n$536870913\r\n',
  'a bulk of a length that overflows 64 bits': '*1\r\n$18446744073709551617\r\n',
  'more arguments than fit in 32 bits': '*2147483648\r\n',
  'more arguments than fit in 64 bits': '*9223372036854775808\r\n',
  'a count that is no number': '*3x\r\n',
  'a length that is no number': '*1\r\n$four\r\n',
  'an empty length': '*1\r\n$\r\n',
  'arrays within arrays': '*1\r\n*1\r\n$4\r\nPING\r\n',
  'an argument that is an integer': '*1\r\n:1\r\n',
  'a count that never ends': `*${'1'.repeat(70_000)}`,
  'a length that never ends': `*1\r\n$${'1'.repeat(70_000)}`,
  'an inline command that never ends': endless,
  'quotes without their end': 'SET a "b\r\n',
  'quotes with something right behind them': "SET a 'b'c\r\n",
  'commands, then garbage': 'PING\r\nECHO before\r\n*1\r\n+oops\r\nPING\r\n',
}

/** Bytes that are odd, and harmless: the connection goes on. */
const harmless: Readonly<Record<string, string>> = {
  'requests without arguments': '*0\r\n*-1\r\n*-10\r\n\r\n\r\n',
  'an empty argument for a name': '*1\r\n$0\r\n\r\n',
  'a name of 10,000 bytes': command('N'.repeat(10_000)),
  'a name with line ends in it': command('A\r\nB'),
  'bytes that are no text': `${command('SET', 'odd\x00\xff\r\n', '\xfe\x00\r\n')}${command('GET', 'odd\x00\xff\r\n')}`,
  'an inline command with escapes': 'ECHO "\\x41\\n\\"\\\\" \r\n',
}

async function compare(scene: HostileScene, bytes: string): Promise<void> {
  const [gateway, redis] = await Promise.all([scene.open(), scene.openDirect()])
  for (const client of [gateway, redis]) client.send(bytes)
  await redis.ends()
  await gateway.ends()
  assert.equal(gateway.tail, redis.tail)
  assert.notEqual(gateway.tail, '')
}

async function compareOpen(scene: HostileScene, bytes: string): Promise<void> {
  const [gateway, redis] = await Promise.all([scene.open(), scene.openDirect()])
  for (const client of [gateway, redis]) {
    client.send(`${bytes}${command('ECHO', 'still here')}`)
    await client.says(/still here\r\n$/)
  }
  assert.equal(gateway.tail, redis.tail)
}

async function slowly(scene: HostileScene): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 100 }, () => scene.open()))
  const bytes = command('ECHO', 'slow-loris')
  for (const byte of bytes) {
    for (const client of clients) client.send(byte)
    await scene.load.answered(1)
  }
  for (const client of clients) await client.says(/^\$10\r\nslow-loris\r\n$/)
}

async function webForm(scene: HostileScene): Promise<void> {
  const request = 'POST / HTTP/1.1\r\nHost: gateway:6379\r\nContent-Length: 14\r\n\r\nSET web form\r\n'
  const [gateway, redis] = await Promise.all([scene.open(), scene.openDirect()])
  for (const client of [gateway, redis]) {
    client.send(request)
    await client.ends()
  }
  assert.equal(gateway.tail, redis.tail)
  const witness = await scene.open()
  witness.send(command('EXISTS', 'web'))
  await witness.says(/^:0\r\n$/)
}

/** Not compared: redis-server reads a line to its first zero byte only, and then waits for ever. */
async function secure(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(`\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${endless}`)
  await client.ends()
  assert.equal(client.tail, '-ERR Protocol error: too big inline request\r\n')
}

async function random(scene: HostileScene): Promise<void> {
  let seed = 7
  const byte = (): number => (seed = (seed * 48_271) % 0x7fffffff) % 256
  for (let round = 0; round < 200; round += 1) {
    const garbage = Buffer.from(Array.from({ length: 1 + (byte() % 200) }, byte))
    const client = await scene.open()
    client.send(garbage)
    client.send('\r\n*1\r\n!\r\n')
    await eventually(`an error, or the end, for ${garbage.toString('hex')}`, 5000, () => {
      return client.closed || client.tail.startsWith('-ERR ') || client.tail
    })
  }
}

const inputs: readonly HostileInput[] = [
  ...Object.entries(fatal).map(([name, bytes]) => ({
    name,
    attack: (scene: HostileScene) => compare(scene, bytes),
  })),
  ...Object.entries(harmless).map(([name, bytes]) => ({
    name,
    attack: (scene: HostileScene) => compareOpen(scene, bytes),
  })),
  { name: 'a byte at a time, a hundred at once', attack: slowly },
  { name: 'a web page that posts a form at Redis', attack: webForm },
  { name: 'a client that speaks TLS', attack: secure },
  { name: 'garbage', attack: random },
]

testHostileInputs(inputs)
