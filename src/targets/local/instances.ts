import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { instanceAddress, instanceSlots } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import { httpProbe } from './http-probe.ts'
import type { RuntimeApi } from './runtime-api.ts'
import type { ComponentKeeper } from './workshop.ts'

export interface InstancesDeps {
  readonly topology: () => Topology
  readonly frontDoor: RuntimeApi
  /** A keeper for instance `index`, not started. */
  readonly keeper: (index: number) => ComponentKeeper
  readonly lastLines: (component: string) => readonly string[]
  readonly readyChanged: () => void
}

export interface Operation {
  readonly signal: AbortSignal
  readonly step: (text: string) => void
}

/** How long a new instance may take to answer its health check. */
const startPatienceMs = 60_000
/** How long requests in hand may take before a drained instance is told to end anyway. */
const drainPatienceMs = 30_000
const stopGraceMs = 15_000
/** Exits in a row after which a new instance is given up. */
const hopelessFailures = 5

/** The application's instances and their slots at the front door: started, replaced and removed without failing a request. */
export class Instances {
  readonly #deps: InstancesDeps
  readonly keepers = new Map<number, ComponentKeeper>()
  /** Which slots take requests: what HAProxy is told again when it starts anew. */
  readonly ready = new Set<number>()

  constructor(deps: InstancesDeps) {
    this.#deps = deps
  }

  /** Runs already, or is to run now; nobody waits for it. */
  begin(index: number, keeper = this.#deps.keeper(index)): void {
    this.keepers.set(index, keeper)
    this.ready.add(index)
    keeper.start()
  }

  /** Starts those that are missing to `count`, removes those above. When one does not get healthy the new ones go again. */
  async scale(count: number, operation: Operation): Promise<void> {
    // Also one that a broken-off roll left started, but without requests.
    const missing = range(count).filter((index) => !this.ready.has(index))
    await this.#add(missing, operation)
    for (const index of [...this.keepers.keys()].toSorted((a, b) => b - a)) {
      if (index < count) continue
      await this.#remove(index, operation)
      operation.step(`app-${String(index)} is stopped`)
    }
  }

  /** Replaces `indices` one by one; one more instance runs meanwhile, and proves first that the application starts. */
  async roll(indices: readonly number[], operation: Operation): Promise<void> {
    if (indices.length === 0) return
    const spare = Math.max(...this.keepers.keys()) + 1
    await this.#add([spare], operation)
    for (const index of indices) {
      operation.signal.throwIfAborted()
      await this.#remove(index, operation)
      await this.#start(index, operation)
      operation.step(`app-${String(index)} is replaced`)
    }
    await this.#remove(spare, operation)
  }

  /** For while old and new instances answer different health checks: the front door goes by what is told to it alone. */
  async withoutChecks(work: () => Promise<void>): Promise<void> {
    const { frontDoor } = this.#deps
    const slots = range(instanceSlots).map((index) => `app-${String(index)}`)
    for (const slot of slots) await this.#tell(() => frontDoor.setChecks(slot, 'disable'))
    try {
      await work()
    } catch (error) {
      for (const slot of slots) await this.#tell(() => frontDoor.setChecks(slot, 'enable'))
      throw error
    }
  }

  async stopAll(): Promise<void> {
    const keepers = [...this.keepers.values()]
    this.keepers.clear()
    this.ready.clear()
    await Promise.all(keepers.map((keeper) => keeper.stop(stopGraceMs)))
  }

  async #add(indices: readonly number[], operation: Operation): Promise<void> {
    const results = await Promise.allSettled(indices.map((index) => this.#start(index, operation)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    for (const index of indices)
      await this.#remove(index, { ...operation, signal: new AbortController().signal })
    throw failed.reason
  }

  /** Takes requests only once it answered its health check. */
  async #start(index: number, operation: Operation): Promise<void> {
    const keeper = this.keepers.get(index) ?? this.#deps.keeper(index)
    this.keepers.set(index, keeper)
    keeper.start()
    await this.waitHealthy(index, operation)
    this.ready.add(index)
    this.#deps.readyChanged()
    const slot = `app-${String(index)}`
    await this.#tell(() =>
      this.#deps.frontDoor.setAddress(slot, instanceAddress(this.#deps.topology(), index)),
    )
    await this.#tell(() => this.#deps.frontDoor.setState(slot, 'ready'))
  }

  async waitHealthy(index: number, { signal, step }: Operation): Promise<void> {
    const topology = this.#deps.topology()
    const address = { ...instanceAddress(topology, index), path: topology.app.healthPath }
    const component = `app-${String(index)}`
    const deadline = performance.now() + startPatienceMs
    for (let last: number | string = 'not asked yet'; last !== 200;) {
      signal.throwIfAborted()
      last = (await httpProbe(address)).result
      if (last === 200) break
      const failures = this.keepers.get(index)?.state.failures ?? 0
      if (failures >= hopelessFailures || performance.now() > deadline) {
        throw this.#unhealthy(component, address, last, failures)
      }
      await delay(30)
    }
    step(`${component} is healthy`)
  }

  async #remove(index: number, { signal }: Operation): Promise<void> {
    const slot = `app-${String(index)}`
    this.ready.delete(index)
    this.#deps.readyChanged()
    await this.#tell(() => this.#deps.frontDoor.setState(slot, 'drain'))
    await this.#drained(slot, signal)
    await this.#tell(() => this.#deps.frontDoor.setState(slot, 'maint'))
    await this.keepers.get(index)?.stop(stopGraceMs)
    this.keepers.delete(index)
  }

  async #drained(slot: string, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + drainPatienceMs
    while (performance.now() < deadline && !signal.aborted) {
      const slots = await this.#deps.frontDoor.slots().catch(() => [])
      if ((slots.find((candidate) => candidate.name === slot)?.sessions ?? 0) === 0) return
      await delay(20)
    }
  }

  /** A front door that is down right now reads the slots when it starts. */
  async #tell(command: () => Promise<void>): Promise<void> {
    await command().catch(() => undefined)
  }

  #unhealthy(
    component: string,
    { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
    last: number | string,
    failures: number,
  ): HoldfastError {
    const what =
      failures >= hopelessFailures ? `ended ${String(failures)} times in a row` : `gave: ${String(last)}`
    const tail = this.#deps.lastLines(component).map((line) => `\n    ${line}`)
    const message = `${component} does not get healthy: GET http://${host}:${String(port)}${path} ${what}${tail.join('')}`
    return new HoldfastError('TIMEOUT', message, { hint: `./holdfast logs ${component}` })
  }
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
