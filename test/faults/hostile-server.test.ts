import assert from 'node:assert/strict'
import { say } from '../harness/converse.ts'
import { eventually } from '../harness/eventually.ts'
import { command } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'
import type { Tampering } from '../harness/confused-server.ts'

// A server that is out of its mind. Real Redis is behind it, so that what was done can be counted: nobody is told anything wrong,
// nothing runs twice, and nothing is lost.

const mebibyte = 2 ** 20

/** Said between two replies, on every connection that sessions share. */
const remarks: Readonly<Record<string, string>> = {
  'bytes that are no RESP': '\x00\xff garbage\r\n',
  'a simple reply that nobody asked for': '+OK\r\n',
  'a number that nobody asked for': ':42\r\n',
  'nothing that nobody asked for': '$-1\r\n',
  'an empty array that nobody asked for': '*0\r\n',
  'an error that nobody asked for': '-ERR what?\r\n',
  'LOADING that nobody asked for': '-LOADING Redis is loading the dataset in memory\r\n',
  'a push that nobody asked for': '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n',
  'a message that nobody asked for': '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n',
  'RESP3 to a client of RESP2': '_\r\n#t\r\n,1.5\r\n%1\r\n+a\r\n+b\r\n~1\r\n+c\r\n',
  'a streamed array': '*?\r\n:1\r\n.\r\n',
  'a streamed string': '$?\r\n;4\r\nword\r\n;0\r\n',
  'a bulk of negative length': '$-5\r\n',
  'an array of negative length': '*-7\r\n',
  'a length past 64 bits': '$99999999999999999999\r\n',
  'an array without measure': '*999999999\r\n',
  'arrays within arrays, a thousand deep': '*1\r\n'.repeat(1000),
  'half a line end': '+OK\rX',
  // what follows it is taken for a part of it, so that one reply is missing
  'an attribute that describes nothing': '|1\r\n+a\r\n',
}

async function remark(scene: HostileScene, bytes: string): Promise<void> {
  let said = 0
  for (let round = 0; round < 10; round += 1) {
    said += scene.confused?.inject('lane', Buffer.from(bytes, 'latin1')) ?? 0
    await scene.load.answered(4)
  }
  assert.ok(said > 0)
}

async function endlessLine(scene: HostileScene): Promise<void> {
  const piece = Buffer.alloc(mebibyte, 'x')
  scene.confused?.inject('lane', Buffer.from('+'))
  for (let sent = 0; sent < 100; sent += 1) {
    scene.confused?.inject('lane', piece)
    if (sent % 10 === 0) await scene.load.answered(1)
  }
}

async function endlessBulk(scene: HostileScene): Promise<void> {
  scene.confused?.inject('lane', Buffer.from(`$${String(500 * mebibyte)}\r\n`))
  await scene.load.answered(10)
}

const halves: Tampering = (bytes, client) => {
  client.write(bytes.subarray(0, bytes.length >> 1))
  client.end()
}
const twice: Tampering = (bytes, client) => {
  client.write(bytes)
  client.write(bytes)
}
const byteByByte: Tampering = (bytes, client) => {
  for (const byte of bytes) client.write(Buffer.of(byte))
}
const reversed: Tampering = (bytes, client) => {
  client.write(bytes.toReversed())
}
const nothing: Tampering = () => undefined

async function tampered(scene: HostileScene, tampering: Tampering): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    assert.ok((scene.confused?.tamper('lane', tampering) ?? 0) > 0)
    await scene.load.answered(10)
  }
}

/** Who comes in meanwhile is let in all the same. */
async function atTheDoor(scene: HostileScene, bytes: string): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    const client = await scene.open()
    assert.equal(await say(client, 'CLIENT SETNAME somebody'), '+OK\r\n')
    assert.ok((scene.confused?.inject('door', Buffer.from(bytes, 'latin1')) ?? 0) > 0)
    assert.equal(await say(client, 'SELECT 1'), '+OK\r\n')
    assert.equal(await say(client, 'CLIENT GETNAME'), '$8\r\nsomebody\r\n')
  }
}

/** A subscription outlives it, and nothing but messages comes. */
async function onItsOwn(scene: HostileScene): Promise<void> {
  const [subscriber, publisher] = await Promise.all([scene.open(), scene.open()])
  assert.match(await say(subscriber, 'SUBSCRIBE news'), /^\*3\r\n\$9\r\nsubscribe\r\n/)
  subscriber.forget()
  for (const bytes of ['\x00garbage\r\n', '*999999999\r\n', ':1\r\n', '+'.repeat(100)]) {
    assert.ok((scene.confused?.inject('attachment', Buffer.from(bytes, 'latin1')) ?? 0) > 0)
    await eventually('a message', 5000, async () => {
      publisher.send(command('PUBLISH', 'news', 'hello'))
      await scene.load.answered(2)
      return subscriber.tail.includes('hello') || subscriber.tail
    })
    assert.match(subscriber.tail, /^(?:\*3\r\n\$7\r\nmessage\r\n\$4\r\nnews\r\n\$5\r\nhello\r\n)+$/)
    subscriber.forget()
  }
}

const inputs: readonly HostileInput[] = [
  ...Object.entries(remarks).map(([name, bytes]) => ({
    name,
    attack: (scene: HostileScene) => remark(scene, bytes),
    // behind a lost connection it may be taken for the answer of what was recorded, which it leaves open
    uncertain: true,
  })),
  { name: 'a line that does not end', attack: endlessLine, growthMib: 160, uncertain: true },
  { name: 'a reply of 500 MiB that does not come', attack: endlessBulk },
  { name: 'half of a reply, and the end', attack: (scene) => tampered(scene, halves) },
  { name: 'every reply twice', attack: (scene) => tampered(scene, twice) },
  { name: 'every reply byte by byte', attack: (scene) => tampered(scene, byteByByte) },
  { name: 'every reply backwards', attack: (scene) => tampered(scene, reversed) },
  { name: 'no reply any more', attack: (scene) => tampered(scene, nothing) },
  { name: 'garbage at the door', attack: (scene) => atTheDoor(scene, '\x00garbage\r\n') },
  { name: 'an answer at the door that nobody asked for', attack: (scene) => atTheDoor(scene, '+OK\r\n') },
  { name: 'a session’s own connection', attack: onItsOwn },
]

testHostileInputs(inputs, { confused: true })
