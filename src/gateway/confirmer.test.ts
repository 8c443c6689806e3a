import assert from 'node:assert/strict'
import { test } from 'node:test'
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

/** A primary whose replicas acknowledge so much later. Time is what its rounds take. */
function slowPrimary(acknowledgedAfterMs: number) {
  let nowMs = 0
  let version = 0
  const written: { readonly atMs: number; readonly offset: number }[] = []
  const offset = () => written.length * 100
  const info = (): string => {
    const acknowledged = written.findLast(({ atMs }) => atMs <= nowMs - acknowledgedAfterMs)?.offset ?? 0
    const replica = (node: number) =>
      `slave${node - 1}:ip=${hosts[node] ?? ''},port=1,state=online,offset=${acknowledged},lag=0`
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
  const round = (): Reply[] => {
    written.push({ atMs: nowMs, offset: offset() + 100 })
    const fields = ['3', '0', String(version), '1,2', String(written.length), 'own', 'own']
    const before = info()
    nowMs += Math.min(250, acknowledgedAfterMs)
    return [fields, before, 0, info()]
  }
  return {
    now: () => nowMs,
    rounds: () => written.length,
    /** Somebody writes the record anew. */
    change: () => {
      version += 1
    },
    connection: { sendRaw: () => Promise.resolve(round()) } as unknown as RedisClient,
  }
}

function confirmerOf(server: ReturnType<typeof slowPrimary>): Confirmer {
  return new Confirmer({
    f: 1,
    memberSilentMs: 1000,
    now: server.now,
    primary: () => primary,
    connection: () => server.connection,
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
