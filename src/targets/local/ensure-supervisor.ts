import { existsSync } from 'node:fs'
import { findManaged, spawnManaged } from '../../platform/managed-process.ts'
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
  await spawnManaged(roleSpec(paths, 'supervisor', roleArgv('supervisor', ['--state-dir', stateDir])))
  return true
}
