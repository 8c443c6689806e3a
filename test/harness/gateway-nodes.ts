import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { controlConnection } from '../../src/agent/redis-link.ts'
import { checkCounter } from '../../src/verify/checkers/counts.ts'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import { eventually } from './eventually.ts'
import { startGatewayLoad, type GatewayLoad } from './gateway-load.ts'
import { startNodeSet, type NodeSet, type NodeSetOptions } from './node-set.ts'
import { quietLog } from './redis-group.ts'

/** Real nodes with a gateway before them and clients that count through it. */
export interface GatewayNodes {
  readonly set: NodeSet
  readonly gateway: Gateway
  readonly load: GatewayLoad
  /** Who is primary when everything is well. */
  readonly first: number
  /** Resolves at the next event of any sentinel with this name, with what it says. */
  sentinelEvent(name: string): Promise<string>
  /** The node that a sentinel's event is about: `slave 127.0.1.2:6379 127.0.1.2 6379 @ …`. */
  nodeIn(event: string): number
  signal(components: readonly string[], signal: NodeJS.Signals): void
  /** One command to a node's redis-server as the agents' user, in database 0. */
  ask(node: number, ...command: readonly [string, ...string[]]): Promise<unknown>
  askSentinel(node: number, ...command: readonly [string, ...string[]]): Promise<unknown>
  /** The closing checks: one primary, all in sync, sentinels agree, no count lost, twice or back, all nodes the same, nothing crashed. */
  close(options?: { not?: number; load?: GatewayLoad }): Promise<{ primary: number }>
}

/** Everything of these nodes. */
export function partsOf(...nodes: readonly number[]): readonly string[] {
  return nodes.flatMap((node) => [
    `agent-${String(node)}`,
    `sentinel-${String(node)}`,
    `redis-${String(node)}`,
  ])
}

export async function startGatewayNodes(
  t: TestContext,
  options: NodeSetOptions & { clients?: number } = {},
): Promise<GatewayNodes> {
  const set = await startNodeSet(t, options)
  const { topology, secrets } = set
  const credentials = { user: 'holdfast', password: secrets.internal }
  const gateway = await startGateway({
    topology,
    nodeCredentials: credentials,
    sentinelCredentials: credentials,
    passwordRequired: true,
    log: quietLog,
  })
  t.after(() => gateway.stop(100))
  const { primary: first } = await set.settled()
  const load = startGatewayLoad(topology.gateway, secrets.password, { clients: options.clients ?? 4 })
  t.after(() => load.stop())
  await load.answered(100)
  const connect = (node: number, port: 'redisPort' | 'sentinelPort') => {
    const one = topology.nodes[node]
    assert.ok(one)
    const connection = controlConnection({
      host: one.address,
      port: one[port],
      internalSecret: secrets.internal,
      replyWithinMs: 5000,
    })
    t.after(() => {
      connection.disconnect()
    })
    return connection
  }
  const askAt = async (
    node: number,
    port: 'redisPort' | 'sentinelPort',
    [name, ...args]: readonly [string, ...string[]],
  ): Promise<unknown> => {
    const connection = connect(node, port)
    await eventually('a connection', 5000, () => connection.status === 'ready' || connection.status)
    return connection.call(name, ...args).finally(() => {
      connection.disconnect()
    })
  }
  return {
    set,
    gateway,
    load,
    first,
    sentinelEvent: async (name) => {
      const { promise, resolve } = Promise.withResolvers<string>()
      const subscribers = topology.nodes.map((node) => connect(node.index, 'sentinelPort'))
      for (const subscriber of subscribers) {
        subscriber.on('pmessage', (_pattern: string, event: string, text: string) => {
          if (event === name) resolve(text)
        })
        subscriber.once('ready', () => {
          subscriber.psubscribe('*').catch(() => undefined)
        })
      }
      return promise.finally(() => {
        for (const subscriber of subscribers) subscriber.disconnect()
      })
    },
    nodeIn: (event) => {
      const found = topology.nodes.find(({ address }) => event.startsWith(`slave ${address}:`))
      assert.ok(found, event)
      return found.index
    },
    signal: (components, signal) => {
      for (const component of components) set.kill(component, signal)
    },
    ask: (node, ...command) => askAt(node, 'redisPort', command),
    askSentinel: (node, ...command) => askAt(node, 'sentinelPort', command),
    close: async ({ not, load: judged = load } = {}) => {
      const { primary } = await set.settled({ withinMs: 45_000, ...(not === undefined ? {} : { not }) })
      await judged.answered(20)
      await load.stop()
      const history = await judged.stop()
      const ids = idsOf(history)
      const { host, port } = topology.gateway
      const final = await readFinalCounts(ids, { host, port, password: secrets.password })
      const verdict = checkCounter({ history, final })
      t.diagnostic(
        `answered ${String(verdict.acknowledged)}, uncertain ${String(verdict.unknown)}, refused ${String(verdict.refused)}, longest ${String(longest(history))} ms`,
      )
      assert.deepEqual(verdict.anomalies.slice(0, 5), [])
      assert.equal(verdict.result, 'sound')
      for (const node of topology.nodes) {
        await eventually(`${node.name} holds the same`, 5000, async () => {
          const values = (await askAt(node.index, 'redisPort', ['MGET', ...ids])) as (string | null)[]
          const wanted = [...ids].map((id) => String(final.get(id)))
          return String(values) === String(wanted) || `${String(values)} instead of ${String(wanted)}`
        })
      }
      await eventually('the set is still whole', 10_000, async () => {
        const states = await set.states()
        const masters = states.filter((state) => state?.redis.role === 'master').map((state) => state?.node)
        return String(masters) === String(primary) || `masters: ${String(masters)}`
      })
      await assertNothingCrashed(set)
      return { primary }
    },
  }
}

function longest(history: GatewayLoad['history']): number {
  return Math.round(history.reduce((most, { startMs, endMs }) => Math.max(most, endMs - startMs), 0))
}

/** Servers and agents may be killed; none may end by itself in an error of its own. */
async function assertNothingCrashed({ stateDir, topology }: NodeSet): Promise<void> {
  for (const { index } of topology.nodes) {
    for (const part of ['redis', 'sentinel', 'agent']) {
      const text = await readFile(join(stateDir, 'logs', `${part}-${String(index)}.log`), 'utf8').catch(
        () => '',
      )
      const crash =
        /.*(BUG REPORT START|ASSERTION FAILED|crashed by signal|uncaughtException|unhandledRejection|Node\.js v2\d).*/.exec(
          text,
        )
      assert.equal(crash?.[0], undefined, `${part}-${String(index)} crashed`)
    }
  }
}
