import assert from 'node:assert/strict'
import { controlChannel } from '../../src/insync/record.ts'
import { compareConversations, ended, say } from '../harness/converse.ts'
import { eventually } from '../harness/eventually.ts'
import { command } from '../harness/hostile-client.ts'
import type { HostileInput, HostileScene } from '../harness/hostile-scene.ts'
import { testHostileInputs } from '../harness/hostile-tests.ts'
import { clientPassword } from '../harness/redis-group.ts'

// Who somebody is: Redis' own words, whether a password is wrong, absent, changed, or its user gone.

/** Of a stranger. */
const strangers: Readonly<Record<string, readonly string[]>> = {
  'no password': ['GET a', 'SET a 1', 'PING', 'MULTI', 'EXEC', 'SUBSCRIBE a', 'EVAL return 0', 'CLIENT ID'],
  'no password, and no command either': ['GET', 'NONSENSE', 'NONSENSE a b', 'SET a', 'CLIENT NONSENSE'],
  'a wrong password': ['AUTH wrong', 'GET a', 'AUTH default wrong', 'AUTH nobody wrong', 'GET a'],
  'AUTH of a wrong form': [
    'AUTH',
    'AUTH a b c',
    'HELLO 3 AUTH default',
    'HELLO 3 AUTH default wrong',
    'GET a',
  ],
  'HELLO without a password': ['HELLO', 'HELLO 2', 'HELLO 3', 'HELLO 4', 'HELLO 3 SETNAME me', 'GET a'],
  'a wrong one after the right one': [
    `AUTH ${clientPassword}`,
    'SET a 1',
    'AUTH wrong',
    'GET a',
    'AUTH nobody nothing',
    'INCR a',
    'HELLO 3 AUTH default wrong',
    'INCR a',
    'ACL WHOAMI',
    'DEL a',
  ],
  'RESET, and nobody again': [`AUTH ${clientPassword}`, 'SET a 1', 'DEL a', 'RESET', 'GET a', 'PING'],
}

/** Of somebody who is known. */
const known: Readonly<Record<string, readonly string[]>> = {
  'AUTH and HELLO within a transaction': [
    'MULTI',
    'AUTH wrong',
    `AUTH ${clientPassword}`,
    'SET t 1',
    'EXEC',
    'GET t',
  ],
  'another user in mid-session, and back': [
    'SET a 1',
    'AUTH reader of-reader',
    'ACL WHOAMI',
    'GET a',
    'SET a 2',
    'INCR a',
    `AUTH ${clientPassword}`,
    'ACL WHOAMI',
    'INCR a',
  ],
  'another user within a transaction': [
    'MULTI',
    'SET a 5',
    'AUTH reader of-reader',
    'SET a 6',
    'EXEC',
    'GET a',
  ],
}

async function users(scene: HostileScene, ...rules: readonly string[]): Promise<void> {
  for (const node of scene.group.topology.nodes)
    for (const rule of rules) await scene.group.ask(node.index, ['ACL', 'SETUSER', ...rule.split(' ')])
}

/** While the gateway holds everything back, as for a switchover. */
async function whileHeld(scene: HostileScene, act: () => Promise<void>): Promise<void> {
  const tell = (message: object) =>
    scene.group.ask(0, ['PUBLISH', controlChannel, JSON.stringify({ id: 'test', ...message })])
  await tell({ type: 'hold', forMs: 20_000 })
  await eventually('held', 5000, async () => (await scene.gateway.status()).holding || 'not held')
  await act()
  await tell({ type: 'release' })
}

async function parked(scene: HostileScene, atLeast: number): Promise<void> {
  await eventually('parked', 5000, async () => {
    const status = await scene.gateway.status()
    return status.parked >= atLeast || JSON.stringify(status)
  })
}

async function rightsCut(scene: HostileScene): Promise<void> {
  await users(scene, 'clerk reset on >of-clerk ~* &* +@all')
  const clients = [await scene.open(), await scene.openDirect()]
  for (const client of clients) assert.equal(await say(client, 'AUTH clerk of-clerk'), '+OK\r\n')
  const [gateway, redis] = clients
  assert.ok(gateway && redis)
  assert.equal(await say(gateway, 'SET cut before'), '+OK\r\n')
  gateway.forget()
  await whileHeld(scene, async () => {
    gateway.send(command('SET', 'cut', 'after') + command('GET', 'cut') + command('INCR', 'cut:count'))
    await parked(scene, 3)
    await users(scene, 'clerk -set -incr')
  })
  const refusals = [await say(redis, 'SET cut after'), await say(redis, 'INCR cut:count')]
  const expected = [refusals[0], '$6\r\nbefore\r\n', refusals[1]].join('')
  assert.match(expected, /^-NOPERM .*\r\n\$6\r\nbefore\r\n-NOPERM .*\r\n$/)
  await eventually('the answers', 10_000, () => gateway.receivedBytes >= expected.length || gateway.tail)
  assert.equal(gateway.tail, expected)
}

async function deleted(scene: HostileScene): Promise<void> {
  await users(scene, 'guest reset on >of-guest ~* &* +@all')
  const clients = [await scene.open(), await scene.openDirect()]
  for (const client of clients) {
    assert.equal(await say(client, 'AUTH guest of-guest'), '+OK\r\n')
    assert.match(await say(client, 'SET guest 1'), /^\+OK/)
  }
  const [gateway, redis] = clients
  for (const node of scene.group.topology.nodes)
    await scene.group.ask(node.index, ['ACL', 'DELUSER', 'guest'])
  await redis?.ends()
  assert.ok(gateway)
  const answer = await say(gateway, 'SET guest 2')
  assert.ok(answer === ended || /^-(?:NOAUTH|WRONGPASS|UNCERTAIN) /.test(answer), answer)
  const witness = await scene.open()
  assert.equal(await say(witness, 'GET guest'), '$1\r\n1\r\n')
}

/** Who has a connection keeps it; the old password opens no other. */
async function passwordChanged(scene: HostileScene): Promise<void> {
  await users(scene, 'temp reset on >of-temp ~* &* +@all')
  const clients = [await scene.open(), await scene.openDirect()]
  for (const client of clients) assert.equal(await say(client, 'AUTH temp of-temp'), '+OK\r\n')
  await users(scene, 'temp resetpass >another')
  for (const client of clients) {
    assert.equal(await say(client, 'SET temp 1'), '+OK\r\n')
    assert.match(await say(client, 'AUTH temp of-temp'), /^-WRONGPASS /)
    assert.equal(await say(client, 'INCR temp'), ':2\r\n')
    assert.equal(await say(client, 'AUTH temp another'), '+OK\r\n')
  }
}

async function switchedOff(scene: HostileScene): Promise<void> {
  await users(scene, 'shift reset on >of-shift ~* &* +@all')
  await compareConversations(scene, ['AUTH shift of-shift', 'SET shift 1', 'ACL WHOAMI'])
  const client = await scene.open()
  assert.equal(await say(client, 'AUTH shift of-shift'), '+OK\r\n')
  await users(scene, 'shift off')
  assert.equal(await say(client, 'INCR shift'), ':1\r\n')
  await compareConversations(scene, ['AUTH shift of-shift', 'ACL WHOAMI'])
}

const inputs: readonly HostileInput[] = [
  ...Object.entries(strangers).map(([name, commands]) => ({
    name,
    attack: (scene: HostileScene) => compareConversations(scene, commands, { authenticated: false }),
  })),
  ...Object.entries(known).map(([name, commands]) => ({
    name,
    attack: async (scene: HostileScene) => {
      await users(scene, 'reader reset on >of-reader ~* &* +get +acl|whoami +auth +multi +exec')
      await compareConversations(scene, commands)
    },
  })),
  { name: 'a user whose rights are cut while commands wait', attack: rightsCut },
  { name: 'a user who is deleted while connected', attack: deleted },
  { name: 'a password that is changed while connected', attack: passwordChanged },
  { name: 'a user who is switched off while connected', attack: switchedOff },
]

testHostileInputs(inputs)
