import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { HoldfastError } from '../../../errors.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { LocalPaths } from '../paths.ts'
import { deploymentName, systemUser } from './places.ts'
import { giveToUser, installSystem } from './install.ts'

/**
 * Makes the user, the directories and the copy of the code. The state directory is complete.
 * @param isRunning what is there belongs to whom it should
 * @throws HoldfastError UNSUPPORTED when the user's program cannot be reached by the services' user
 */
export async function prepareSystem(paths: LocalPaths, { app }: Topology, isRunning: boolean): Promise<void> {
  await installSystem(paths.stateDir, deploymentName(paths.stateDir))
  if (app.command !== null) await checkReachable(app.directory)
  if (!isRunning) await giveToUser(paths.stateDir)
}

async function checkReachable(directory: string): Promise<void> {
  const as = [`--reuid=${systemUser}`, `--regid=${systemUser}`, '--clear-groups']
  try {
    await promisify(execFile)('setpriv', [...as, 'test', '-x', directory, '-a', '-r', directory])
  } catch (cause) {
    throw new HoldfastError('UNSUPPORTED', `the system user ${systemUser} cannot read ${directory}`, {
      hint: 'Put the program where everybody can read it, such as /srv, or let the embedded supervisor run it (local.supervisor: embedded).',
      exitCode: 2,
      cause,
    })
  }
}
