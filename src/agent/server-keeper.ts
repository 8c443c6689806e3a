import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../platform/log.ts'
import type { ManagedProcess } from '../platform/managed-process.ts'

/** Keeps one server running: starts it, notices its end, starts it again with back-off. */
export interface ServerKeeper {
  readonly pid: () => number | null
  /** Starts it unless it runs or is to stay stopped. */
  begin(): void
  /** Orderly stop, then a new start. */
  restart(graceMs: number): Promise<void>
  /** Orderly stop; it stays stopped. */
  stop(graceMs: number): Promise<void>
}

export interface ServerKeeperOptions {
  readonly name: string
  readonly start: () => Promise<ManagedProcess>
  /** One that a former agent left running. */
  readonly adopted: ManagedProcess | null
  /** Called when it ended without being asked to; it is started again after that. */
  readonly onDeath: (pid: number) => void | Promise<void>
  readonly log: Logger
  readonly now: () => number
}

/** For one that was being started when it was to stop. */
const stopLateMs = 5000
const backOff = { firstMs: 50, capMs: 5000, healthyAfterMs: 10_000 } as const

export function createServerKeeper(options: ServerKeeperOptions): ServerKeeper {
  const { name, log, now } = options
  let process: ManagedProcess | null = null
  let wanted = false
  let waitMs = 0
  let looping: Promise<void> | null = null
  let asked = false
  const isWanted = () => wanted
  const isAsked = () => asked

  const loop = async () => {
    let next = options.adopted
    while (wanted) {
      const startedAt = now()
      try {
        process = next ?? (await options.start())
        next = null
        if (!isWanted()) await process.stop({ graceMs: stopLateMs })
        asked = !isWanted()
        log.info({ server: name, server_pid: process.pid }, 'runs')
        const { pid } = process
        const exit = await process.exited
        process = null
        if (!isAsked()) {
          log.warn({ server: name, exit }, 'died')
          await options.onDeath(pid)
        }
      } catch (error) {
        process = null
        log.error({ server: name, why: (error as Error).message }, 'does not start')
      }
      const lived = now() - startedAt
      waitMs =
        asked || lived > backOff.healthyAfterMs
          ? 0
          : Math.min(Math.max(waitMs * 2, backOff.firstMs), backOff.capMs)
      if (waitMs > 0) await delay(waitMs)
    }
    looping = null
  }

  const end = async (graceMs: number) => {
    asked = true
    await process?.stop({ graceMs })
  }

  return {
    pid: () => process?.pid ?? null,
    begin: () => {
      wanted = true
      looping ??= loop()
    },
    restart: async (graceMs) => {
      await end(graceMs)
    },
    stop: async (graceMs) => {
      wanted = false
      await end(graceMs)
    },
  }
}
