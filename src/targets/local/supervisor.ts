import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { writeFileDurably } from '../../platform/files.ts'
import type { Logger } from '../../platform/log.ts'
import { findManaged, type ManagedProcess } from '../../platform/managed-process.ts'
import { createMutex } from '../../platform/mutex.ts'
import type { Topology } from '../../topology/topology.ts'
import type { CommandHandlers, SupervisorStatus } from './control.ts'
import { httpProbe, reachable } from './http-probe.ts'
import { Instances, type Operation } from './instances.ts'
import { lastWords } from './last-words.ts'
import type { LocalPaths } from './paths.ts'
import { RuntimeApi } from './runtime-api.ts'
import { requireTopology, wantedInstances } from './state-files.ts'
import type { ComponentKeeper, Found, Workshop } from './workshop.ts'

/** An agent stops its sentinel and its redis-server orderly before it ends. */
const agentGraceMs = 30_000
const gatewayGraceMs = 10_000
const frontDoorGraceMs = 5000
const gatewayPatienceMs = 10_000
/** HAProxy ends by itself once the requests in hand are answered; those that come meanwhile wait in the held socket. */
const frontDoorSignal = 'SIGUSR1'

export interface SupervisorOptions {
  readonly paths: LocalPaths
  readonly log: Logger
  readonly workshop: (options: {
    readonly topology: () => Topology
    /** Instances that take requests: HAProxy is told when it starts. */
    readonly ready: ReadonlySet<number>
  }) => Workshop
  /** Looks what runs, and ends what should not. */
  readonly find: (topology: Topology) => Promise<Found>
}

/** Keeps what the topology lists running, and changes it when asked. */
export class Supervisor {
  readonly #paths: LocalPaths
  readonly #log: Logger
  readonly #keepers = new Map<string, ComponentKeeper>()
  readonly #instances: Instances
  readonly #workshop: Workshop
  readonly #find: SupervisorOptions['find']
  readonly #one = createMutex()
  readonly #ending = new AbortController()
  #topology: Topology

  constructor({ paths, log, workshop, find }: SupervisorOptions) {
    this.#paths = paths
    this.#log = log
    this.#find = find
    this.#topology = requireTopology(paths)
    this.#instances = new Instances({
      topology: () => this.#topology,
      frontDoor: new RuntimeApi(paths.frontDoorSocket),
      keeper: (index) => this.#workshop.keeper(`app-${String(index)}`, null),
      lastLines: (component) => lastWords(paths, component, 5),
      readyChanged: () => this.#workshop.readyChanged(),
    })
    this.#workshop = workshop({ topology: () => this.#topology, ready: this.#instances.ready })
  }

  /** Takes over what runs, starts what does not, ends what should not. */
  async begin(): Promise<void> {
    await this.#one(async () => {
      const { running, instances } = await this.#find(this.#topology)
      for (const { index } of this.#topology.nodes) this.#keep(`agent-${String(index)}`, running)
      this.#keep('gateway', running)
      this.#keep('front-door', running, () => {
        for (const index of instances) this.#instances.ready.add(index)
      })
      await this.#gatewayAnswers()
      for (const index of instances) {
        const component = `app-${String(index)}`
        this.#instances.begin(index, this.#workshop.keeper(component, running.get(component) ?? null))
      }
      this.#workshop.begun()
      this.#log.info({ adopted: [...running.keys()] }, 'supervises')
    })
  }

  /** Ends everything in the order in which it is needed. Afterwards nothing of the deployment runs but this process. */
  async shutdown(): Promise<void> {
    rmSync(this.#paths.wanted, { force: true })
    this.#ending.abort(new HoldfastError('BUSY', 'the deployment is being stopped'))
    await this.#one(async () => {
      await this.#keepers.get('front-door')?.leave(frontDoorSignal, frontDoorGraceMs)
      await this.#instances.stopAll()
      await this.#keepers.get('gateway')?.stop(gatewayGraceMs)
      const agents = [...this.#keepers].filter(([component]) => component.startsWith('agent-'))
      await Promise.all(agents.map(([, keeper]) => keeper.stop(agentGraceMs)))
      this.#keepers.clear()
      await this.#workshop.close()
      const left = findManaged(this.#paths.stateDir).filter(({ pid }) => pid !== process.pid)
      if (left.length > 0) this.#log.warn({ left: left.map(({ component }) => component) }, 'left over')
      await Promise.all(left.map((found) => found.stop({ graceMs: agentGraceMs })))
    })
  }

  status(): SupervisorStatus {
    const keepers = [...this.#keepers.values(), ...this.#instances.keepers.values()]
    return {
      pid: process.pid,
      components: keepers.map((keeper) => keeper.state),
      instances: [...this.#instances.keepers.keys()].toSorted((a, b) => a - b),
    }
  }

  /** What can be asked over the control socket; changes are made one at a time. */
  handlers(end: () => void): CommandHandlers {
    const change = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
      const either = AbortSignal.any([signal, this.#ending.signal])
      return this.#one(async () => {
        either.throwIfAborted()
        return await work(either)
      })
    }
    return {
      apply: (_, call) => change(call.signal, (signal) => this.#apply({ ...call, signal })),
      scale: ({ instances }, call) =>
        change(call.signal, (signal) => this.#scale(instances, { ...call, signal })),
      refresh: (_, call) =>
        change(call.signal, async (signal) => {
          await this.#instances.roll([...this.#instances.keepers.keys()], { ...call, signal })
          return {}
        }),
      restart: ({ component }, call) =>
        change(call.signal, (signal) => this.#restart(component, { ...call, signal })),
      status: () => Promise.resolve(this.status()),
      shutdown: async () => {
        await this.shutdown()
        end()
        return {}
      },
    }
  }

  /** Reads the topology anew and starts again what differs in it, nothing else. */
  async #apply(operation: Operation): Promise<{ changes: string[] }> {
    this.#topology = requireTopology(this.#paths)
    const changes: string[] = []
    const differs = (component: string) => this.#workshop.isOutdated(component)
    changes.push(...(await this.#settleNodes(operation)))
    for (const component of [...this.#keepers.keys()].filter(
      (name) => name !== 'front-door' && differs(name),
    )) {
      await this.#restart(component, operation)
      changes.push(`${component} has new settings`)
    }
    if (await this.#reloadLimits()) changes.push('gateway has new limits')
    const wanted = wantedInstances(this.#paths, this.#topology)
    const before = this.#instances.keepers.size
    const outdated = [...this.#instances.keepers.keys()].filter((index) => differs(`app-${String(index)}`))
    const roll = () =>
      this.#instances.roll(
        outdated.filter((index) => index < wanted),
        operation,
      )
    const isDoorOutdated = differs('front-door')
    if (isDoorOutdated && outdated.length > 0) await this.#instances.withoutChecks(roll)
    else await roll()
    if (outdated.length > 0) changes.push('the application has new settings: its instances were replaced')
    if (isDoorOutdated) {
      await this.#restart('front-door', operation)
      changes.push('front-door has new settings')
    }
    await this.#instances.scale(wanted, operation)
    if (before !== wanted) changes.push(`${String(wanted)} instances instead of ${String(before)}`)
    return { changes }
  }

  /** Those that are no node any more end before the others are told; new ones begin. */
  async #settleNodes(operation: Operation): Promise<string[]> {
    const wanted = this.#topology.nodes.map(({ index }) => `agent-${String(index)}`)
    const there = [...this.#keepers.keys()].filter((component) => component.startsWith('agent-'))
    const gone = there.filter((component) => !wanted.includes(component))
    if (gone.length > 0) operation.step(`${gone.join(', ')} and what they run are stopped`)
    await Promise.all(
      gone.map(async (component) => {
        await this.#keepers.get(component)?.stop(agentGraceMs)
        this.#keepers.delete(component)
      }),
    )
    const added = wanted.filter((component) => !there.includes(component))
    for (const component of added) this.#keep(component, new Map())
    return [
      ...gone.map((component) => `${component} is gone`),
      ...added.map((component) => `${component} is new`),
    ]
  }

  async #scale(instances: number, operation: Operation): Promise<object> {
    await this.#instances.scale(instances, operation)
    // Written once it is so: a scale that fails leaves the old number in force.
    writeFileDurably(this.#paths.scale, JSON.stringify({ instances }))
    return {}
  }

  async #restart(component: string, operation: Operation): Promise<object> {
    const index = /^app-(\d+)$/.exec(component)?.[1]
    if (index !== undefined && this.#instances.keepers.has(Number(index))) {
      await this.#instances.roll([Number(index)], operation)
      return {}
    }
    const keeper = this.#keepers.get(component)
    if (keeper === undefined) {
      throw new HoldfastError('USAGE', `the supervisor runs no ${component}`, {
        hint: './holdfast status',
        exitCode: 2,
      })
    }
    operation.step(`${component} is started anew`)
    // Its servers go on: the next agent adopts them.
    if (component.startsWith('agent-')) await keeper.renew('SIGHUP', agentGraceMs)
    else if (component === 'front-door') await keeper.renew(frontDoorSignal, frontDoorGraceMs)
    else await keeper.renew(null, gatewayGraceMs)
    if (component === 'gateway') await this.#gatewayAnswers()
    if (component.startsWith('agent-')) await this.#agentAnswers(Number(component.slice('agent-'.length)))
    return {}
  }

  /** A gateway that answers listens to the signal, too; one that has not started yet reads them by itself. */
  async #reloadLimits(): Promise<boolean> {
    if (!this.#workshop.areLimitsOutdated()) return false
    await this.#gatewayAnswers()
    this.#keepers.get('gateway')?.signal('SIGHUP')
    this.#workshop.noteLimits()
    return true
  }

  async #gatewayAnswers(): Promise<void> {
    const { adminHost, adminPort } = this.#topology.gateway
    await this.#answers(reachable(adminHost), adminPort, '/health')
  }

  async #agentAnswers(index: number): Promise<void> {
    const node = this.#topology.nodes[index]
    if (node !== undefined) await this.#answers(node.address, node.agentPort, '/state')
  }

  /** Whatever it answers: it is there. */
  async #answers(host: string, port: number, path: string): Promise<void> {
    const deadline = performance.now() + gatewayPatienceMs
    while (performance.now() < deadline && !this.#ending.signal.aborted) {
      const { result } = await httpProbe({ host, port, path })
      if (typeof result === 'number') return
      await delay(30)
    }
  }

  #keep(component: string, running: ReadonlyMap<string, ManagedProcess>, prepare?: () => void): void {
    prepare?.()
    const keeper = this.#workshop.keeper(component, running.get(component) ?? null)
    this.#keepers.set(component, keeper)
    keeper.start()
  }
}
