import assert from 'node:assert/strict'
import { eventually } from './eventually.ts'
import type { GatewayNodes } from './gateway-nodes.ts'
import type { Done } from './running-clients.ts'

/** What a program's keys hold when each kind of its work was done n times, all of them once. */
const holdings: Readonly<Record<string, (prefix: string, n: number) => readonly [string[], number][]>> = {
  counter: (prefix, n) => [[['GET', `${prefix}:counter`], n]],
  values: (prefix, n) => [[['GET', `${prefix}:value`], n]],
  hashes: (prefix, n) => [[['HGET', `${prefix}:hash`, 'count'], n]],
  lists: (prefix, n) => [
    [['LLEN', `${prefix}:list`], n],
    [['LINDEX', `${prefix}:list`, '-1'], n],
  ],
  pipeline: (prefix, n) => [
    [['GET', `${prefix}:piped`], 2 * n],
    [['SCARD', `${prefix}:set`], n],
  ],
  transaction: (prefix, n) => [
    [['GET', `${prefix}:in-transaction`], n],
    [['LLEN', `${prefix}:log`], n],
  ],
  optimistic: (prefix, n) => [[['GET', `${prefix}:optimistic`], n]],
  scripts: (prefix, n) => [[['GET', `${prefix}:script`], n]],
  push: (prefix) => [[['LLEN', `${prefix}:jobs`], 0]],
  add: (prefix, n) => [[['XLEN', `${prefix}:stream`], n]],
  careless: (prefix, n) => [[['GET', `${prefix}:careless`], n]],
}

/** Every node holds, of every program's work, what was done, once. */
export async function assertDataIs(nodes: GatewayNodes, done: readonly Done[]): Promise<void> {
  const expected = done.flatMap(({ program, work, times }) => holdings[work]?.(program, times) ?? [])
  assert.ok(expected.length > 0)
  for (const { index, name } of nodes.set.topology.nodes) {
    const redis = nodes.set.redis(index)
    await eventually(`${name} holds what the programs were answered`, 5000, async () => {
      const held = await Promise.all(
        expected.map(([[command = '', ...args]]) => redis.call(command, ...args)),
      )
      const other = expected.findIndex(([, count], at) => Number(held[at]) !== count)
      return other < 0 || `${String(expected[other])}, and not ${String(held[other])}`
    })
  }
}
