import assert from 'node:assert/strict'
import { recordKey } from '../../src/insync/record.ts'
import { compareConversations, say } from '../harness/converse.ts'
import { eventually } from '../harness/eventually.ts'
import { command } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'

// Commands that would stop the server, take its gateway's own data, or change a connection that others share.

const unavailable = [
  'SHUTDOWN NOSAVE',
  'SYNC',
  'PSYNC ? -1',
  'REPLCONF listening-port 1',
  'REPLCONF capa eof',
  'DEBUG SLEEP 5',
  'DEBUG SEGFAULT',
  'REPLICAOF NO ONE',
  'SLAVEOF NO ONE',
  'FAILOVER',
  'CLIENT REPLY OFF',
  'CLIENT REPLY SKIP',
]

/** The markers' database is the sixteenth. */
const outOfRange = [
  'SELECT 16',
  'MOVE mine 16',
  'COPY mine other DB 16',
  'COPY mine other REPLACE db 16',
  'SWAPDB 0 16',
  'SWAPDB 16 0',
]
const wrongNumbers = [
  'SELECT -1',
  'SELECT 00016',
  'SELECT x',
  'SELECT 99999999999999999999',
  'SELECT',
  'SWAPDB 0',
  'SWAPDB a 1',
]

async function refused(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  for (const words of unavailable) {
    assert.match(await say(client, words), /^-ERR [A-Z ]+ is not available through the gateway\r\n$/, words)
    assert.equal(await say(client, 'MULTI'), '+OK\r\n')
    assert.match(await say(client, words), /^-ERR /, words)
    assert.match(await say(client, 'EXEC'), /^-EXECABORT /, words)
  }
  assert.equal(await say(client, 'PING'), '+PONG\r\n')
}

async function otherDatabases(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  await say(client, 'SET mine 1')
  for (const words of outOfRange) {
    assert.equal(await say(client, words), '-ERR DB index is out of range\r\n', words)
    await say(client, 'MULTI')
    await say(client, words)
    assert.match(await say(client, 'EXEC'), /^(?:-EXECABORT |\*1\r\n-ERR DB index is out of range)/, words)
  }
  assert.equal(await say(client, 'GET mine'), '$1\r\n1\r\n')
  await compareConversations(scene, wrongNumbers)
}

/** What stands in the markers' database, of this gateway. */
async function markers(scene: HostileScene): Promise<readonly string[]> {
  const keys = await scene.group.ask(0, ['KEYS', 'holdfast:marker:*'])
  return Array.isArray(keys) ? keys.map(String) : []
}

/** By a script, which Redis lets select any database. Whatever it gets: others go on, exactly. */
async function scriptAgainst(scene: HostileScene, act: string): Promise<void> {
  const client = await scene.open()
  const select = "redis.call('select', '16')"
  for (let round = 0; round < 10; round += 1) {
    const names = await markers(scene)
    client.forget()
    client.send(
      command('EVAL', `${select} for i = 1, #KEYS do ${act} end return 1`, String(names.length), ...names),
    )
    await client.says(/^(?::1|-ERR .*)\r\n$/)
    await scene.load.answered(10)
  }
}

async function scriptThatErasesAll(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  client.send(command('EVAL', "redis.call('select', '16') return redis.call('flushdb')", '0'))
  await eventually('it is erased, or refused', 5000, async () => {
    return (
      client.tail.startsWith('-ERR') || (await scene.group.ask(0, ['EXISTS', recordKey])) === 0 || client.tail
    )
  })
  // where agents are, they do this
  if (!client.tail.startsWith('-ERR')) await scene.group.writeRecord(0, { number: 2, node: 0 })
  await scene.load.answered(20)
}

/** A key of that name in a database of the client's is the client's. */
async function sameNames(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  for (const name of [recordKey, 'holdfast:marker:x:0', ...(await markers(scene))]) {
    assert.equal(await say(client, `SET ${name} mine`), '+OK\r\n')
    assert.equal(await say(client, `GET ${name}`), '$4\r\nmine\r\n')
    assert.equal(await say(client, `DEL ${name}`), ':1\r\n')
  }
  await scene.load.answered(20)
}

async function flushing(scene: HostileScene, words: string): Promise<void> {
  const client = await scene.open()
  for (let round = 0; round < 50; round += 1) {
    assert.match(await say(client, words), /^\+OK\r\n$/)
    await scene.load.answered(2)
  }
}

/** It may kill what it likes, but not what others have under way. */
async function killing(scene: HostileScene): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const client = await scene.open()
    client.send(command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', round % 2 === 0 ? 'yes' : 'no'))
    await eventually('an answer', 5000, () => client.closed || client.tail !== '' || 'nothing')
    await scene.load.answered(10)
  }
}

async function pausing(scene: HostileScene): Promise<void> {
  const client = await scene.open()
  assert.equal(await say(client, 'CLIENT PAUSE 1000 WRITE'), '+OK\r\n')
  await scene.load.answered(10)
  assert.equal(await say(client, 'CLIENT PAUSE 500 ALL'), '+OK\r\n')
  await scene.load.answered(10)
}

/** Makes a connection that others share a debugger's, and stops the server for as long. */
async function debugging(scene: HostileScene): Promise<void> {
  for (const words of ['SCRIPT DEBUG YES', 'SCRIPT DEBUG SYNC']) {
    const client = await scene.open()
    assert.match(await say(client, words), /^-ERR SCRIPT DEBUG is not available through the gateway\r\n$/)
    assert.equal(await say(client, 'EVAL return{1} 0'), '*1\r\n:1\r\n')
    assert.equal(await say(client, 'SCRIPT DEBUG NO'), '+OK\r\n')
  }
}

/** A script that does not end, until somebody kills it: nobody else is told anything. */
async function endlessScript(scene: HostileScene): Promise<void> {
  const redis = await scene.openDirect()
  const nodes = scene.group.topology.nodes.map((node) => node.index)
  for (const node of nodes) scene.group.signalSentinel(node, 'SIGSTOP')
  try {
    assert.equal(await say(redis, 'CONFIG SET busy-reply-threshold 50'), '+OK\r\n')
    const client = await scene.open()
    client.send(command('EVAL', 'while true do end', '0'))
    await eventually('busy', 5000, async () => {
      const answer = await say(redis, 'PING')
      return answer.startsWith('-BUSY') || answer
    })
    assert.equal(await say(redis, 'SCRIPT KILL'), '+OK\r\n')
    await client.says(/^-ERR .*killed by user/)
    await scene.load.answered(20)
  } finally {
    for (const node of nodes) scene.group.signalSentinel(node, 'SIGCONT')
  }
}

const inputs: readonly HostileInput[] = [
  { name: 'what is not available, alone and in a transaction', attack: refused },
  { name: 'the markers’ database, by number', attack: otherDatabases },
  {
    name: 'a script that deletes the markers',
    attack: (scene) => scriptAgainst(scene, "redis.call('del', KEYS[i])"),
  },
  {
    name: 'a script that overwrites the markers',
    attack: (scene) => scriptAgainst(scene, "redis.call('set', KEYS[i], 'x')"),
  },
  {
    name: 'a script that writes into the markers',
    attack: (scene) =>
      scriptAgainst(scene, "redis.call('hset', KEYS[i], 'done', '1', 'token', 'x', 'seq', '-1')"),
  },
  { name: 'a script that erases the markers’ database', attack: scriptThatErasesAll, uncertain: true },
  { name: 'keys of the same names', attack: sameNames },
  { name: 'SCRIPT FLUSH, all the time', attack: (scene) => flushing(scene, 'SCRIPT FLUSH') },
  { name: 'FUNCTION FLUSH, all the time', attack: (scene) => flushing(scene, 'FUNCTION FLUSH') },
  { name: 'CLIENT KILL of everybody', attack: killing },
  { name: 'CLIENT PAUSE', attack: pausing },
  { name: 'SCRIPT DEBUG', attack: debugging },
  { name: 'a script that does not end', attack: endlessScript },
]

testHostileInputs(inputs)
