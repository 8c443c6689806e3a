import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../../errors.ts'
import type { KeeperState } from '../keeper.ts'
import type { ComponentKeeper } from '../workshop.ts'
import { failuresOf } from './unit-status.ts'
import { showUnits, systemctl } from './systemctl.ts'

export interface UnitKeeperOptions {
  readonly component: string
  readonly service: string
  /** What it listens on; null: nothing that is held for it. */
  readonly socket: string | null
  readonly active: Set<string>
  /** Writes its units as they are to be now. @returns whether the socket is another one than before */
  readonly write: () => boolean
  /** Removes the unit of the service. */
  readonly remove: () => void
}

const pollMs = 30

/** One service, which systemd keeps running, whoever asked for it. */
export class UnitKeeper implements ComponentKeeper {
  readonly #options: UnitKeeperOptions
  #state: KeeperState
  #working: Promise<void> = Promise.resolve()
  #failure: Error | null = null
  #isAsking = false

  constructor(options: UnitKeeperOptions) {
    this.#options = options
    this.#state = { component: options.component, pid: null, restarts: 0, failures: 0 }
  }

  /** As it was a moment ago. */
  get state(): KeeperState {
    if (this.#failure !== null) throw this.#failure
    if (!this.#isAsking) {
      this.#isAsking = true
      void this.#ask().finally(() => {
        this.#isAsking = false
      })
    }
    return this.#state
  }

  async settled(): Promise<void> {
    await this.#working
    if (this.#failure !== null) throw this.#failure
  }

  start(): void {
    const { component, active, service, socket, write } = this.#options
    if (active.has(component)) return
    active.add(component)
    const isMoved = write()
    const units = socket === null ? [service] : [socket, service]
    this.#do(async () => {
      await systemctl('daemon-reload')
      await systemctl('enable', '--quiet', ...units)
      if (isMoved && socket !== null) await systemctl('stop', socket)
      // A service that systemd brought up meanwhile, for its socket, may be of the unit before.
      await systemctl('restart', ...units)
    })
  }

  async stop(): Promise<void> {
    await this.#working
    const { component, active, service, remove } = this.#options
    active.delete(component)
    await systemctl('disable', '--quiet', service).catch(() => undefined)
    await systemctl('stop', service)
    remove()
    await systemctl('daemon-reload')
  }

  /** Its unit asks it in its own way. */
  async leave(): Promise<void> {
    await this.stop()
  }

  async renew(by: NodeJS.Signals | null, patienceMs: number): Promise<void> {
    await this.#working
    const { service, socket, write } = this.#options
    const isMoved = write()
    await systemctl('daemon-reload')
    if (isMoved && socket !== null) {
      await systemctl('stop', socket, service)
      await systemctl('start', socket, service)
      return
    }
    if (by === null || !(await this.#leaves(by, patienceMs))) await systemctl('restart', service)
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await systemctl('kill', `--signal=${signal}`, '--kill-who=main', this.#options.service)
  }

  /** systemd starts it again as soon as it has ended. @returns false when it does not end */
  async #leaves(by: NodeJS.Signals, patienceMs: number): Promise<boolean> {
    const before = await this.#pid()
    if (before === 0) return false
    await this.signal(by)
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline;) {
      const now = await this.#pid()
      if (now !== 0 && now !== before) return true
      await delay(pollMs)
    }
    return false
  }

  async #pid(): Promise<number> {
    return (await showUnits([this.#options.service])).get(this.#options.service)?.pid ?? 0
  }

  async #ask(): Promise<void> {
    const { component, service } = this.#options
    const unit = (await showUnits([service])).get(service)
    if (unit === undefined) return
    this.#state = {
      component,
      pid: unit.pid === 0 ? null : unit.pid,
      restarts: unit.restarts,
      failures: failuresOf(unit),
    }
  }

  #do(work: () => Promise<void>): void {
    this.#working = work().catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new HoldfastError('INTERNAL', String(error))
    })
  }
}
