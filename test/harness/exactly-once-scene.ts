import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { startGateway, type Gateway } from '../../src/gateway/gateway.ts'
import type { Topology } from '../../src/topology/topology.ts'
import type { Step } from './cutting-plan.ts'
import { CuttingRelay } from './cutting-relay.ts'
import { eventually } from './eventually.ts'
import { startNodeSet, type NodeSet, type NodeSetOptions } from './node-set.ts'
import { quietLog } from './redis-group.ts'
import { ioredisCaller, nodeRedisCaller, type SteadyCaller } from './steady-caller.ts'
import type { Witness } from './witness.ts'

export interface SceneOptions extends NodeSetOptions {
  /** 1 when left out; all before the same nodes, behind the same relay. */
  readonly gateways?: number
  readonly topology?: (topology: Topology) => Topology
}

interface Running {
  readonly witness: Witness
  readonly caller: SteadyCaller
  turns: number
  problem: string | null
}

/** Real nodes, gateways before them, a relay between that cuts by plan, and witnesses to whom nothing may happen twice or not at all. */
export class ExactlyOnceScene {
  readonly set: NodeSet
  readonly relay: CuttingRelay
  readonly gateways: readonly Gateway[]
  private readonly endpoints: readonly {
    readonly host: string
    readonly port: number
    readonly password: string
  }[]
  private readonly running: Running[] = []
  private readonly loops: Promise<void>[] = []
  private next = 0
  private readonly stopped = new AbortController()

  private constructor(
    set: NodeSet,
    relay: CuttingRelay,
    gateways: readonly Gateway[],
    hosts: readonly string[],
  ) {
    this.set = set
    this.relay = relay
    this.gateways = gateways
    const { port } = set.topology.gateway
    this.endpoints = hosts.map((host) => ({ host, port, password: set.secrets.password }))
  }

  static async start(t: TestContext, options: SceneOptions = {}): Promise<ExactlyOnceScene> {
    const set = await startNodeSet(t, options)
    const relay = await CuttingRelay.start()
    const gateways: Gateway[] = []
    const hosts: string[] = []
    const credentials = { user: 'holdfast', password: set.secrets.internal }
    await set.settled()
    for (let index = 0; index < (options.gateways ?? 1); index++) {
      const host = set.topology.gateway.host.replace(/\d+$/, String(100 + index))
      const topology = {
        ...set.topology,
        gateway: { ...set.topology.gateway, name: `gateway-${String(index)}`, host, adminHost: host },
      }
      const gateway = await startGateway({
        topology: options.topology?.(topology) ?? topology,
        nodeCredentials: credentials,
        sentinelCredentials: credentials,
        passwordRequired: true,
        log: quietLog,
        connect: relay.connect,
      })
      gateways.push(gateway)
      hosts.push(host)
      await eventually(
        'a primary',
        15_000,
        () => gateway.status().reachable || JSON.stringify(gateway.status()),
      )
    }
    const scene = new ExactlyOnceScene(set, relay, gateways, hosts)
    t.after(async () => {
      scene.stopped.abort()
      for (const { caller } of scene.running) caller.close()
      await relay[Symbol.asyncDispose]()
      for (const gateway of gateways) await gateway.stop(100)
      await Promise.all(scene.loops)
    })
    return scene
  }

  /** The present primary, and a connection of the agents' user to it. */
  async primary(): Promise<{ readonly index: number; readonly redis: ReturnType<NodeSet['redis']> }> {
    const { primary: index } = await this.set.settled()
    const redis = this.set.redis(index)
    await eventually('a connection', 5000, () => redis.status === 'ready' || redis.status)
    return { index, redis }
  }

  /** A client of one of the gateways, in turn RESP2 and RESP3. */
  async caller(): Promise<SteadyCaller> {
    const index = this.next++
    const endpoint = this.endpoints[(index >> 1) % this.endpoints.length]
    assert.ok(endpoint)
    return index % 2 === 0 ? ioredisCaller(endpoint) : nodeRedisCaller(endpoint)
  }

  /** Each with a client of its own, from now on until the end. */
  async watchedBy(...witnesses: readonly Witness[]): Promise<void> {
    for (const witness of witnesses) {
      const caller = await this.caller()
      await witness.begin?.(caller)
      const running: Running = { witness, caller, turns: 0, problem: null }
      this.running.push(running)
      this.loops.push(this.loop(running))
    }
  }

  /** Until every witness has had so many more turns. @throws AssertionError when one of them saw something wrong */
  async goesOn(turns = 3, withinMs = 20_000): Promise<void> {
    const before = this.running.map((each) => each.turns)
    await eventually('all witnesses go on', withinMs, () => {
      if (this.problems().length > 0) return true
      const waiting = this.running.filter((each, index) => each.turns < (before[index] ?? 0) + turns)
      return (
        waiting.length === 0 ||
        waiting.map(({ witness, caller }) => `${witness.name} (${caller.name})`).join(', ')
      )
    })
    assert.deepEqual(this.problems(), [], `after ${this.relay.cuts.slice(-5).join(', ')}`)
  }

  /** Plants these failures, one after the other, until they have all happened and everything goes on. */
  async suffers(steps: readonly Step[], { withinMs = 20_000 } = {}): Promise<void> {
    await this.happens(steps, withinMs)
    await this.goesOn(2, withinMs)
    if (!steps.some(({ fate }) => fate === 'late')) return
    this.relay.release()
    await this.goesOn(2, withinMs)
  }

  /** Until these failures have all happened, or a witness saw something wrong. */
  async happens(steps: readonly Step[], withinMs = 20_000): Promise<void> {
    const { relay } = this
    relay.follow(steps)
    await eventually(
      'the planted failures',
      withinMs,
      () => relay.done || this.problems().length > 0 || relay.state,
    )
  }

  problems(): readonly string[] {
    return this.running.flatMap(({ problem, witness, caller }) =>
      problem === null ? [] : [`${witness.name} (${caller.name}): ${problem}`],
    )
  }

  /** Turns that were answered UNCERTAIN, by witness, where that is allowed. */
  uncertain(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { witness } of this.running)
      if (witness.uncertain !== undefined)
        counts[witness.name] = (counts[witness.name] ?? 0) + witness.uncertain()
    return counts
  }

  get turns(): number {
    return this.running.reduce((sum, each) => sum + each.turns, 0)
  }

  /** Ends all turns; the data must say what the witnesses were told. */
  async close(t: TestContext): Promise<void> {
    this.stopped.abort()
    await Promise.all(this.loops)
    t.diagnostic(
      `${String(this.turns)} turns, ${String(this.relay.cuts.length)} cuts, uncertain ${JSON.stringify(this.uncertain())}`,
    )
    assert.deepEqual(this.problems(), [])
    for (const { witness, caller } of this.running) await witness.finish?.(caller)
    for (const { caller } of this.running) caller.close()
  }

  private async loop(running: Running): Promise<void> {
    const { witness, caller } = running
    const { signal } = this.stopped
    while (!signal.aborted) {
      try {
        await witness.turn(caller)
        running.turns++
      } catch (error) {
        if (!isAborted(signal)) running.problem = error instanceof Error ? error.message : String(error)
        return
      }
    }
  }
}

/** It may have happened while something was awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
