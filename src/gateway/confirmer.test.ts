import assert from 'node:assert/strict'
import { test } from 'node:test'
import { majorityOf } from '../insync/majorities.ts'
import type { Primary } from '../discovery/discovery.ts'
import type { RedisClient } from '../discovery/redis-client.ts'
import type { Reply } from '../resp/decode.ts'
import { Confirmer } from './confirmer.ts'

const hosts = ['a', 'b', 'c']
const primary: Primary = {
  node: 0,
  address: { host: 'a', port: 1 },
  epoch: { number: 3, node: 0 },
  run: 'own',
  members: [1, 2],
}

/**
 * A primary whose replicas acknowledge so much later. Time is what its rounds take.
 * @param silentFromMs by replica: nothing from then on
 */
function slowPrimary(initialMs: number, silentFromMs: Readonly<Record<number, number>> = {}) {
  let nowMs = 0
  let version = 0
  let members = '1,2'
  let reached = { ms: Infinity, resolve: (): void => undefined }
  const changes: string[] = []
  const written: { readonly atMs: number; readonly offset: number }[] = []
  const offset = () => written.length * 100
  const info = (): string => {
    const acknowledged = (node: number) => {
      const heardMs = Math.min(nowMs - server.acknowledgedAfterMs, silentFromMs[node] ?? Infinity)
      return written.findLast(({ atMs }) => atMs <= heardMs)?.offset ?? 0
    }
    const replica = (node: number) =>
      `slave${node - 1}:ip=${hosts[node] ?? ''},port=1,state=online,offset=${acknowledged(node)},lag=0`
    return [
      '',
      'role:master',
      replica(1),
      replica(2),
      'master_replid:s',
      `master_repl_offset:${offset()}`,
      '',
    ].join('\r\n')
  }
  const round = (bytes: Buffer): Reply[] => {
    const waitMs = Number(/WAIT\r\n\$1\r\n\d\r\n\$3\r\n(\d{3})/.exec(bytes.toString())?.[1])
    written.push({ atMs: nowMs, offset: offset() + 100 })
    const fields = ['3', '0', String(version), members, String(written.length), 'own', 'own']
    const before = info()
    nowMs += members === '1,2' && 1 in silentFromMs ? waitMs : Math.min(waitMs, server.acknowledgedAfterMs)
    if (nowMs >= reached.ms) reached.resolve()
    return [fields, before, 0, info()]
  }
  const server = {
    acknowledgedAfterMs: initialMs,
    isThere: true,
    now: () => nowMs,
    rounds: () => written.length,
    /** Somebody writes the record anew. */
    change: () => {
      version += 1
    },
    /** Resolves when its rounds have taken so long. */
    reaches: (ms: number) =>
      new Promise<void>((resolve) => {
        reached = { ms, resolve }
      }),
    /** The members that gateways wrote. */
    changes,
    connection: {
      sendRaw: (bytes: Buffer) => Promise.resolve(round(bytes)),
      send: ([words]: readonly (readonly string[])[]) => {
        members = words?.at(-1) ?? ''
        version += 1
        changes.push(members)
        return Promise.resolve([1])
      },
    } as unknown as RedisClient,
  }
  return server
}

function confirmerOf(server: ReturnType<typeof slowPrimary>): Confirmer {
  return new Confirmer({
    majorities: () => majorityOf(3),
    memberSilentMs: 1000,
    now: server.now,
    primary: () => primary,
    connection: () => (server.isThere ? server.connection : null),
    nodeAt: (host) => hosts.indexOf(host),
    onOver: (why) => {
      throw new Error(why)
    },
    onConfirmed: () => undefined,
    onMembers: () => undefined,
  })
}

/** The round in which it began, and that in which it was confirmed. */
function ask(
  confirmer: Confirmer,
  rounds: () => number,
): Promise<{ readonly began: number; readonly confirmed: number }> {
  return new Promise((resolve) => {
    let began = 0
    confirmer.request({
      beginRound: () => {
        began = rounds()
      },
      confirmed: () => {
        resolve({ began, confirmed: rounds() })
      },
    })
  })
}

test('replicas whose acknowledgements take longer than a round confirm in the next one', async () => {
  const server = slowPrimary(300)
  const confirmer = confirmerOf(server)
  confirmer.resume()
  assert.deepEqual(await ask(confirmer, server.rounds), { began: 0, confirmed: 2 })
})

test('and then rounds wait as long as acknowledgements take', async () => {
  const server = slowPrimary(300)
  const confirmer = confirmerOf(server)
  confirmer.resume()
  await ask(confirmer, server.rounds)
  for (let round = 3; round < 9; round++) assert.equal((await ask(confirmer, server.rounds)).confirmed, round)
  server.acknowledgedAfterMs = 5
  await ask(confirmer, server.rounds)
  assert.equal(confirmer.waitMs, 250)
})

test('who comes meanwhile is not confirmed by what was written before', async () => {
  const server = slowPrimary(300)
  const confirmer = confirmerOf(server)
  confirmer.resume()
  const first = ask(confirmer, server.rounds)
  await new Promise((resolve) => setImmediate(resolve))
  const second = ask(confirmer, server.rounds)
  const { confirmed } = await first
  assert.equal((await second).began, confirmed)
})

test('a record that was changed meanwhile stands behind what the members had acknowledged', async () => {
  const server = slowPrimary(300)
  const confirmer = confirmerOf(server)
  confirmer.resume()
  const asked = ask(confirmer, server.rounds)
  await new Promise((resolve) => setImmediate(resolve))
  server.change()
  assert.equal((await asked).confirmed, 3)
})

test('a member that is silent is written out once the others have acknowledged', async () => {
  const server = slowPrimary(10, { 1: -1 })
  const confirmer = confirmerOf(server)
  confirmer.resume()
  await ask(confirmer, server.rounds)
  assert.deepEqual(server.changes, ['2'])
})

test('of members that are all silent none is written out: what the last one lacks would keep it from going on alone', async () => {
  const server = slowPrimary(10, { 1: -1, 2: 400 })
  const confirmer = confirmerOf(server)
  confirmer.resume()
  void ask(confirmer, server.rounds)
  await server.reaches(5000)
  server.isThere = false
  assert.deepEqual(server.changes, [])
})
