import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { readIfExists } from '../../platform/files.ts'
import { findManaged, spawnManaged } from '../../platform/managed-process.ts'
import { codeVersion } from './code-version.ts'
import { roleSpec } from './component-specs.ts'
import { localPaths, type LocalPaths } from './paths.ts'
import { lockHolder } from './process-lock.ts'
import { standbyComponent, standbyFingerprint, supervisorArgv } from './standby.ts'
import { isUnderSystemd } from './systemd/places.ts'

const takeOverWithinMs = 5000
const pollMs = 20
const successors: readonly string[] = ['supervisor', standbyComponent]

/**
 * Starts the deployment's supervisor when none lives, nor one that stands by to follow it, and the deployment is meant to
 * run. It takes over what runs.
 * Two callers at once are harmless: the second supervisor ends by itself.
 * Under systemd there is none, and none is needed.
 * @returns whether one was started
 */
export async function ensureSupervisor(stateDir: string): Promise<boolean> {
  if (isUnderSystemd(stateDir)) return false
  const paths = localPaths(stateDir)
  if (!existsSync(paths.wanted) || lockHolder(paths.supervisorLock) !== null) return false
  if (findManaged(stateDir).some(({ component, stray }) => successors.includes(component) && !stray))
    return false
  await spawnManaged(roleSpec(paths, 'supervisor', supervisorArgv(stateDir)))
  return true
}

/** @returns whether a supervisor lives; one that is just taking over is waited for */
export async function isSupervised(stateDir: string): Promise<boolean> {
  const { supervisorLock } = localPaths(stateDir)
  const isFollowed = () => findManaged(stateDir).some(({ component }) => successors.includes(component))
  const deadline = performance.now() + takeOverWithinMs
  while (lockHolder(supervisorLock) === null) {
    if (performance.now() > deadline || !isFollowed()) return false
    await delay(pollMs)
  }
  return true
}

/** @returns whether the supervisor that runs, or ran last, is of another version than is here now */
export function isOtherVersion(paths: LocalPaths): boolean {
  return readIfExists(paths.fingerprint('supervisor')) !== codeVersion('other')
}

/**
 * Ends a supervisor that runs other code than is here now; what it supervises runs on, for the next one to take over.
 * @returns whether it was so
 */
export async function endOutdatedSupervisor(stateDir: string): Promise<boolean> {
  const paths = localPaths(stateDir)
  if (!isOtherVersion(paths)) return false
  const running = findManaged(stateDir).find(({ component, stray }) => component === 'supervisor' && !stray)
  // Not asked to stop: that would stop everything.
  await running?.stop({ graceMs: 0, signal: 'SIGKILL' })
  // The one that follows it by itself is of this version, unless it would be started in another way.
  if (readIfExists(paths.fingerprint(standbyComponent)) !== standbyFingerprint(stateDir)) {
    const followers = findManaged(stateDir).filter(({ component }) => successors.includes(component))
    await Promise.all(followers.map((follower) => follower.stop({ graceMs: 0, signal: 'SIGKILL' })))
  }
  return running !== undefined
}
