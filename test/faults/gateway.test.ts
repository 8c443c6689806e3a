import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { eventually } from '../harness/eventually.ts'
import { startNodeSet, type NodeSet } from '../harness/node-set.ts'
import { quietLog } from '../harness/redis-group.ts'

/** Clients that increment, each its own key, and look at every number. */
class Increments {
  readonly errors: string[] = []
  readonly wrong: string[] = []
  answered = 0
  longestMs = 0
  private readonly clients: Redis[]
  private readonly running: Promise<void>[]
  private stopped = false

  constructor(gateway: { readonly host: string; readonly port: number }, password: string, count: number) {
    this.clients = Array.from(
      { length: count },
      () => new Redis({ ...gateway, password, maxRetriesPerRequest: 0 }),
    )
    this.running = this.clients.map((client, index) => this.increment(client, `key:${String(index)}`))
  }

  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.running)
    for (const client of this.clients) client.disconnect()
  }

  private async increment(client: Redis, key: string): Promise<void> {
    let last = 0
    let uncertain = 0
    while (!this.stopped) {
      const startedMs = performance.now()
      try {
        const value = await client.incr(key)
        if (value <= last || value > last + 1 + uncertain)
          this.wrong.push(`${key}: ${String(value)} after ${String(last)}`)
        if (value > last + 1) uncertain -= value - last - 1
        last = value
        this.answered++
      } catch (error) {
        uncertain++
        this.errors.push(error instanceof Error ? error.message : String(error))
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs)
    }
  }
}

async function gatewayBefore(t: TestContext, nodes: NodeSet): Promise<Gateway> {
  const credentials = { user: 'holdfast', password: nodes.secrets.internal }
  const gateway = await startGateway({
    topology: nodes.topology,
    nodeCredentials: credentials,
    sentinelCredentials: credentials,
    passwordRequired: true,
    log: quietLog,
  })
  t.after(() => gateway.stop(100))
  return gateway
}

test('switchovers under load: no error, no count lost or twice', async (t) => {
  const nodes = await startNodeSet(t)
  const gateway = await gatewayBefore(t, nodes)
  const { primary: first } = await nodes.settled()
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
  const load = new Increments(nodes.topology.gateway, nodes.secrets.password, 8)
  let primary = first
  for (let i = 0; i < 3; i++) {
    const answered = load.answered
    await eventually('load', 5000, () => load.answered > answered + 200 || String(load.answered))
    await nodes.agents.switchover(primary, undefined)
    primary = (await nodes.settled({ not: primary })).primary
    await eventually(
      'followed',
      5000,
      () => gateway.status().primary === `redis-${String(primary)}` || JSON.stringify(gateway.status()),
    )
  }
  await load.stop()
  t.diagnostic(`longest request ${String(Math.round(load.longestMs))} ms, ${String(load.answered)} answered`)
  assert.deepEqual(load.errors, [])
  assert.deepEqual(load.wrong, [])
})

test('the primary killed, then hung, under load: only what was in flight is uncertain, no count lost or twice', async (t) => {
  const nodes = await startNodeSet(t)
  const gateway = await gatewayBefore(t, nodes)
  let { primary } = await nodes.settled()
  await eventually('a primary', 10_000, () => gateway.status().reachable || JSON.stringify(gateway.status()))
  const clients = 8
  const load = new Increments(nodes.topology.gateway, nodes.secrets.password, clients)
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const answered = load.answered
    await eventually('load', 5000, () => load.answered > answered + 200 || String(load.answered))
    const dying = nodes.process(`redis-${String(primary)}`)
    process.kill(dying.pid, signal)
    await eventually('another primary', 10_000, () => {
      const status = gateway.status()
      return (status.reachable && status.primary !== `redis-${String(primary)}`) || JSON.stringify(status)
    })
    if (signal === 'SIGSTOP') process.kill(dying.pid, 'SIGCONT')
    primary = (await nodes.settled({ not: primary, withinMs: 30_000 })).primary
  }
  await load.stop()
  t.diagnostic(
    `longest request ${String(Math.round(load.longestMs))} ms, ${String(load.answered)} answered, ${String(load.errors.length)} uncertain`,
  )
  assert.ok(load.errors.length <= 2 * clients)
  for (const error of load.errors) assert.match(error, /^UNCERTAIN /)
  assert.deepEqual(load.wrong, [])
})
