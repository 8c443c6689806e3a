import { rmSync } from 'node:fs'
import { findManaged, type ManagedProcess } from '../../platform/managed-process.ts'
import type { TargetContext } from '../target.ts'
import { askSupervisor } from './control.ts'
import type { LocalPaths } from './paths.ts'
import { isUnderSystemd } from './systemd/places.ts'

const answerPatienceMs = 3000
const shutdownPatienceMs = 90_000

/** In the order in which the parts need each other; what remains (sentinels, Redis, strays) comes last. */
const order: readonly { readonly what: RegExp; readonly graceMs: number }[] = [
  { what: /^standby$/, graceMs: 1000 },
  { what: /^supervisor$/, graceMs: 0 },
  { what: /^front-door$/, graceMs: 5000 },
  { what: /^app-/, graceMs: 15_000 },
  { what: /^gateway$/, graceMs: 10_000 },
  { what: /^agent-/, graceMs: 30_000 },
  { what: /^sentinel-/, graceMs: 5000 },
  { what: /./, graceMs: 30_000 },
]

/** Stops everything, with the supervisor's help or without; see Target.remove. */
export async function remove(
  paths: LocalPaths,
  { purge }: { readonly purge: boolean },
  { progress, signal }: TargetContext,
): Promise<readonly string[]> {
  // First of all: agents bring a dead supervisor back only while this is there.
  rmSync(paths.wanted, { force: true })
  const changes: string[] = []
  const running = findManaged(paths.stateDir)
  if (isUnderSystemd(paths.stateDir)) {
    progress.waiting('everything to end orderly')
    const { removeUnits } = await import('./systemd/remove-units.ts')
    const wereThere = await removeUnits(paths.stateDir)
    await stopRemaining(paths)
    if (wereThere || running.length > 0) changes.push('everything is stopped')
  } else if (running.length > 0) {
    progress.waiting('everything to end orderly')
    const isDone = await askToShutDown(paths, signal)
    signal.throwIfAborted()
    if (isDone) await waitForSupervisor(running)
    await stopRemaining(paths)
    changes.push('everything is stopped')
  }
  if (purge) {
    if (isUnderSystemd(paths.stateDir)) {
      const { purgeSystem } = await import('./systemd/remove-units.ts')
      await purgeSystem(paths.stateDir)
    } else rmSync(paths.stateDir, { recursive: true, force: true })
    changes.push(`${paths.stateDir} is removed`)
  }
  return changes
}

/** @returns false when the supervisor is dead or hangs: then everything is stopped from here */
async function askToShutDown({ supervisorSocket }: LocalPaths, signal: AbortSignal): Promise<boolean> {
  const within = (ms: number) => ({ signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]) })
  try {
    await askSupervisor(supervisorSocket, 'status', {}, within(answerPatienceMs))
    await askSupervisor(supervisorSocket, 'shutdown', {}, within(shutdownPatienceMs))
    return true
  } catch {
    return false
  }
}

async function waitForSupervisor(running: readonly ManagedProcess[]): Promise<void> {
  const supervisors = running.filter(({ component }) => component === 'supervisor')
  await Promise.all(supervisors.map((supervisor) => supervisor.stop({ graceMs: 5000 })))
}

async function stopRemaining(paths: LocalPaths): Promise<void> {
  for (const { what, graceMs } of order) {
    const found = findManaged(paths.stateDir).filter(({ component }) => what.test(component))
    await Promise.all(found.map((process) => process.stop({ graceMs })))
  }
}
