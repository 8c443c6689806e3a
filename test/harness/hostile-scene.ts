import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { defaultGatewaySettings, type GatewayLimits } from '../../src/spec/gateway-settings.ts'
import { ConfusedServer } from './confused-server.ts'
import { eventually } from './eventually.ts'
import { startGatewayLoad, type GatewayLoad } from './gateway-load.ts'
import { GatewayProcess } from './gateway-process.ts'
import { HostileClient } from './hostile-client.ts'
import { clientPassword, RedisGroup } from './redis-group.ts'

/** One thing that somebody may do to a gateway, on purpose or not. */
export interface HostileInput {
  readonly name: string
  /** By how many MiB the gateway's memory may grow meanwhile. Default: 64, most of it garbage not yet collected. */
  readonly growthMib?: number
  /** Why it is not tried: what is known to be wrong. */
  readonly skip?: string
  /** Others may be told that a command of theirs may or may not have run. Default: they may not notice anything. */
  readonly uncertain?: boolean
  /** Checks what the offender gets. Whatever connections it opened by the scene are closed for it. */
  readonly attack: (scene: HostileScene, t: TestContext) => Promise<void>
}

interface SceneOptions {
  readonly limits?: Partial<GatewayLimits>
  /** A relay stands between the gateway and the primary. */
  readonly confused?: boolean
  readonly holdMs?: number
}

const bystanders = 2

/** A gateway in its own process before real servers, and clients beside the offender that count and must not notice. */
export class HostileScene implements AsyncDisposable {
  readonly group: RedisGroup
  readonly gateway: GatewayProcess
  readonly load: GatewayLoad
  /** Null without the option. */
  readonly confused: ConfusedServer | null
  private readonly opened = new Set<HostileClient>()

  private constructor(group: RedisGroup, gateway: GatewayProcess, confused: ConfusedServer | null) {
    this.group = group
    this.gateway = gateway
    this.confused = confused
    this.load = startGatewayLoad(group.topology.gateway, clientPassword, { clients: bystanders })
  }

  static async start({ holdMs = 5000, limits, confused = false }: SceneOptions = {}): Promise<HostileScene> {
    const group = new RedisGroup({ block: 64, holdMs })
    const { topology } = group
    try {
      await group.start()
      const server = confused ? await ConfusedServer.start(topology.gateway.host) : null
      const gateway = await GatewayProcess.start({
        topology,
        limits: { ...defaultGatewaySettings.limits, ...limits },
        ...(server === null ? {} : { relay: server.address }),
      })
      const scene = new HostileScene(group, gateway, server)
      await scene.load.answered(50)
      return scene
    } catch (error) {
      await group.stop()
      throw error
    }
  }

  /** A connection to the gateway that has given its password, unless told not to. */
  open({ authenticated = true } = {}): Promise<HostileClient> {
    return this.openAt(this.group.topology.gateway, authenticated)
  }

  /** The same straight at the primary, to compare with. */
  openDirect({ authenticated = true, node = 0 } = {}): Promise<HostileClient> {
    const one = this.group.topology.nodes[node]
    assert.ok(one)
    return this.openAt({ host: one.address, port: one.redisPort }, authenticated)
  }

  /** Runs it; then nobody else has noticed, memory was bounded, and nothing of the offender is left. */
  async survives(input: HostileInput, t: TestContext): Promise<void> {
    const { gateway, load } = this
    const errorsBefore = load.errors().length
    const { sessions: sessionsBefore } = await gateway.status()
    const beforeKib = await gateway.settledKib()
    gateway.forgetPeak()
    try {
      await input.attack(this, t)
      await load.answered(20)
    } finally {
      for (const client of this.opened) client.socket.destroy()
      this.opened.clear()
    }
    await eventually('the offender is forgotten', 10_000, async () => {
      const { sessions } = await gateway.status()
      return sessions <= sessionsBefore || `${String(sessions)} sessions`
    })
    const grewMib = (gateway.memoryKib('VmHWM') - beforeKib) / 1024
    const keptMib = ((await gateway.settledKib()) - beforeKib) / 1024
    t.diagnostic(`grew by ${grewMib.toFixed(0)} MiB, kept ${keptMib.toFixed(0)}`)
    const { growthMib = 64 } = input
    assert.ok(grewMib < growthMib, `it grew by ${grewMib.toFixed(0)} MiB, past ${String(growthMib)}`)
    const errors = load.errors().slice(errorsBefore)
    assert.deepEqual(
      input.uncertain === true ? errors.filter((why) => !why.startsWith('UNCERTAIN ')) : errors,
      [],
    )
    this.nobodyElseNoticed()
  }

  /** The gateway lives, and whoever counted meanwhile was answered got every number once, in order. */
  private nobodyElseNoticed(): void {
    const { gateway, load } = this
    assert.ok(gateway.alive, `the gateway died: ${gateway.lastWords}`)
    const counts = new Map<string, number[]>()
    for (const { id, outcome } of load.history)
      if (outcome.kind === 'ok') {
        const seen = counts.get(id) ?? []
        seen.push(outcome.answer)
        counts.set(id, seen)
      }
    const exact = load.errors().length === 0
    for (const [id, seen] of counts) {
      const sorted = seen.toSorted((a, b) => a - b)
      const wrong = sorted.findIndex((count, index) =>
        exact ? count !== index + 1 : count === sorted[index + 1],
      )
      assert.equal(wrong, -1, `${id} was not given each number once, in order: ${String(sorted[wrong])}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.opened) client.socket.destroy()
    await this.load.stop()
    await this.gateway[Symbol.asyncDispose]()
    await this.confused?.stop()
    await this.group.stop()
  }

  private async openAt(
    address: { readonly host: string; readonly port: number },
    authenticated: boolean,
  ): Promise<HostileClient> {
    const client = await HostileClient.open(address, authenticated ? clientPassword : undefined)
    this.opened.add(client)
    return client
  }
}
