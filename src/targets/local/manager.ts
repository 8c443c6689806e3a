import { HoldfastError } from '../../errors.ts'
import { askSupervisor, type CommandName, type ControlCommands } from './control.ts'
import { endOutdatedSupervisor, ensureSupervisor, isSupervised } from './ensure-supervisor.ts'
import type { LocalPaths } from './paths.ts'
import { isUnderSystemd } from './systemd/places.ts'
import { isInstalled } from './systemd/unit-status.ts'

interface AskOptions {
  readonly signal?: AbortSignal
  readonly onStep?: (text: string) => void
}

/** Somebody keeps the deployment running: systemd, or an embedded supervisor that lives. */
export async function isManaged(paths: LocalPaths): Promise<boolean> {
  return isUnderSystemd(paths.stateDir) ? isInstalled(paths.stateDir) : await isSupervised(paths.stateDir)
}

/**
 * Asks whoever keeps the deployment running. Under systemd everything but `status` starts what does not run.
 * @throws HoldfastError NOT_RUNNING when there is nobody, else what was answered
 */
export async function askManager<Name extends CommandName>(
  paths: LocalPaths,
  name: Name,
  args: ControlCommands[Name]['arguments'],
  options: AskOptions = {},
): Promise<ControlCommands[Name]['result']> {
  if (!isUnderSystemd(paths.stateDir)) {
    return await askSupervisor(paths.supervisorSocket, name, args, options)
  }
  const { coordinate } = await import('./systemd/coordinator.ts')
  if (name === 'status') {
    const { unitStatus } = await import('./systemd/unit-status.ts')
    const status = await unitStatus(paths.stateDir)
    if (status !== null) return status
    throw new HoldfastError('NOT_RUNNING', 'systemd has no units of this deployment', {
      hint: './holdfast up',
    })
  }
  const { signal = new AbortController().signal, onStep = () => undefined } = options
  return await coordinate(paths.stateDir, (handlers) => handlers[name](args, { signal, step: onStep }))
}

/** Starts an embedded supervisor when none lives; systemd is there. @returns whether one was started */
export async function ensureManager(paths: LocalPaths): Promise<boolean> {
  return isUnderSystemd(paths.stateDir)
    ? !isInstalled(paths.stateDir)
    : await ensureSupervisor(paths.stateDir)
}

/** See endOutdatedSupervisor. */
export async function endOutdatedManager(paths: LocalPaths): Promise<boolean> {
  return !isUnderSystemd(paths.stateDir) && (await endOutdatedSupervisor(paths.stateDir))
}
