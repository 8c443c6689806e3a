import { existsSync } from 'node:fs'
import { readIfExists, writeFileDurably } from '../../platform/files.ts'
import { findManaged, spawnManaged } from '../../platform/managed-process.ts'
import { codeVersion } from './code-version.ts'
import { roleArgv, roleSpec } from './component-specs.ts'
import { localPaths } from './paths.ts'
import { lockHolder } from './process-lock.ts'

/**
 * Starts the deployment's supervisor when none lives and the deployment is meant to run. It takes over what runs.
 * Two callers at once are harmless: the second supervisor ends by itself.
 * @returns whether one was started
 */
export async function ensureSupervisor(stateDir: string): Promise<boolean> {
  const paths = localPaths(stateDir)
  if (!existsSync(paths.wanted) || lockHolder(paths.supervisorLock) !== null) return false
  if (findManaged(stateDir).some(({ component, stray }) => component === 'supervisor' && !stray)) return false
  writeFileDurably(paths.fingerprint('supervisor'), codeVersion('other'))
  await spawnManaged(roleSpec(paths, 'supervisor', roleArgv('supervisor', ['--state-dir', stateDir])))
  return true
}

/**
 * Ends a supervisor that runs other code than is here now; what it supervises runs on, for the next one to take over.
 * @returns whether it was so
 */
export async function endOutdatedSupervisor(stateDir: string): Promise<boolean> {
  const paths = localPaths(stateDir)
  if (readIfExists(paths.fingerprint('supervisor')) === codeVersion('other')) return false
  const running = findManaged(stateDir).find(({ component, stray }) => component === 'supervisor' && !stray)
  // Not asked to stop: that would stop everything.
  await running?.stop({ graceMs: 0, signal: 'SIGKILL' })
  return running !== undefined
}
