import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../platform/log.ts'
import type { ManagedProcess } from '../../platform/managed-process.ts'
import { signalProcess } from '../../platform/proc.ts'
import type { ComponentKeeper } from './workshop.ts'

export interface KeeperState {
  readonly component: string
  readonly pid: number | null
  /** Since this supervisor looks after it, asked-for ones not counted. */
  readonly restarts: number
  /** Exits in short succession: it is not getting healthy. */
  readonly failures: number
}

export interface KeeperOptions {
  readonly component: string
  readonly start: () => Promise<ManagedProcess>
  readonly log: Logger
}

const firstDelayMs = 100
const maxDelayMs = 5000
const healthyMs = 10_000

/** Keeps one component running: back at once after a long life, with growing pauses when it keeps dying; never gives up. */
export class Keeper implements ComponentKeeper {
  readonly #options: KeeperOptions
  #process: ManagedProcess | null
  #ending: AbortController | null = null
  #loop: Promise<void> = Promise.resolve()
  #restarts = 0
  #failures = 0

  /** @param adopted runs already */
  constructor(options: KeeperOptions, adopted: ManagedProcess | null = null) {
    this.#options = options
    this.#process = adopted
  }

  get state(): KeeperState {
    const pid = this.#process?.alive() === true ? this.#process.pid : null
    return { component: this.#options.component, pid, restarts: this.#restarts, failures: this.#failures }
  }

  get isStarted(): boolean {
    return this.#ending !== null
  }

  start(): void {
    if (this.#ending !== null) return
    this.#ending = new AbortController()
    this.#loop = this.#run(this.#ending.signal)
  }

  /** Ends it, and everything that it started in its session. It stays down. */
  async stop(graceMs: number): Promise<void> {
    this.#ending?.abort()
    await this.#loop
    this.#ending = null
    await this.#process?.stop({ graceMs })
    this.#process = null
  }

  async renew(by: NodeJS.Signals | null, patienceMs: number): Promise<void> {
    if (by === null) await this.stop(patienceMs)
    else await this.leave(by, patienceMs)
    this.start()
  }

  /** Like stop, but asks by another signal that means more to this program than SIGTERM; then as stop does. */
  async leave(signal: NodeJS.Signals, patienceMs: number): Promise<void> {
    this.#ending?.abort()
    await this.#loop
    const leaving = this.#process
    if (leaving !== null && signalProcess(leaving.pid, leaving.startTime, signal)) {
      await Promise.race([leaving.exited, delay(patienceMs, undefined, { ref: false })])
    }
    await this.stop(patienceMs)
  }

  /** @returns false when it does not run now: the next one starts with what is in force then */
  signal(signal: NodeJS.Signals): boolean {
    const running = this.#process
    return running !== null && signalProcess(running.pid, running.startTime, signal)
  }

  async #run(ending: AbortSignal): Promise<void> {
    const { component, log } = this.#options
    const ended = new Promise<'ended'>((resolve) => {
      ending.addEventListener(
        'abort',
        () => {
          resolve('ended')
        },
        { once: true },
      )
    })
    while (!ending.aborted) {
      const startedAt = performance.now()
      try {
        this.#process ??= await this.#options.start()
        const exit = await Promise.race([this.#process.exited, ended])
        if (exit === 'ended') return
        log.warn({ part: component, ...exit }, 'exited')
        // What it leaves in its session would be in the way of the next one.
        await this.#process.stop({ graceMs: 0 })
      } catch (error) {
        log.error({ part: component, err: error }, 'cannot be started')
      }
      this.#process = null
      this.#restarts += 1
      this.#failures = performance.now() - startedAt < healthyMs ? this.#failures + 1 : 0
      await delay(pauseMs(this.#failures), undefined, { signal: ending }).catch(() => undefined)
    }
  }
}

/** @param failures exits in short succession */
export function pauseMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs)
}
