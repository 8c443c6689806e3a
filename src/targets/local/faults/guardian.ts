import { fileURLToPath } from 'node:url'
import { spawnHelper, type HelperProcess } from '../../../platform/helper-process.ts'
import { roleSpec } from '../component-specs.ts'
import type { LocalPaths } from '../paths.ts'

const guardianMain = fileURLToPath(new URL('guardian-main.ts', import.meta.url))

/**
 * Starts the process that heals what this one broke when this one is killed. It waits for its stdin to end, which the
 * system sees to, however this one ends.
 */
export function startGuardian(paths: LocalPaths): Promise<HelperProcess> {
  return spawnHelper({
    ...roleSpec(paths, 'guardian', [process.execPath, '--max-semi-space-size=1', guardianMain]),
    input: JSON.stringify({ stateDir: paths.stateDir, pid: process.pid }),
  })
}
