import { existsSync } from 'node:fs'
import { HoldfastError } from '../../errors.ts'
import type { SupervisorName } from '../../spec/schema.ts'
import { systemStateDir } from './systemd/places.ts'
import { isSystemdThere } from './systemd/systemctl.ts'

/**
 * Which of the two has, or is to have, a deployment: said by where its state is.
 * @throws HoldfastError UNSUPPORTED when it would be found in two places, or by somebody without the right
 */
export function chooseStateDirectory({
  name,
  embeddedStateDir,
  supervisor,
}: {
  readonly name: string
  readonly embeddedStateDir: string
  readonly supervisor: SupervisorName
}): string {
  const systemDir = systemStateDir(name)
  const isThere = existsSync(systemDir)
  if (supervisor === 'embedded' || (supervisor === 'auto' && !isThere)) {
    if (!isThere) return embeddedStateDir
    throw new HoldfastError('UNSUPPORTED', `${name} is under systemd on this machine, in ${systemDir}`, {
      hint: 'Write local.supervisor: systemd in the spec. To give it up: sudo ./holdfast backup FILE, sudo ./holdfast down --purge, then restore FILE.',
      exitCode: 2,
    })
  }
  if (!isSystemdThere()) {
    throw new HoldfastError('UNSUPPORTED', 'local.supervisor is systemd, and this machine does not run it', {
      hint: 'Write local.supervisor: embedded, or leave it out.',
      exitCode: 2,
    })
  }
  if (process.getuid?.() === 0) return systemDir
  throw new HoldfastError('UNSUPPORTED', `${name} is under systemd: only root may look at it and change it`, {
    hint:
      supervisor === 'systemd'
        ? 'sudo ./holdfast …'
        : 'Write local.supervisor: systemd in the spec, then: sudo ./holdfast …',
    exitCode: 2,
  })
}
