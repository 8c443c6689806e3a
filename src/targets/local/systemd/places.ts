import { basename, dirname, join } from 'node:path'

/** The state of deployments that systemd supervises: one directory each. */
export const systemState = '/var/lib/holdfast'
export const systemConfig = '/etc/holdfast'
export const systemCode = '/opt/holdfast'
export const systemCache = '/var/cache/holdfast'
export const unitDirectory = '/etc/systemd/system'
/** Everything but what systemd reads as root runs as, and belongs to, this user. */
export const systemUser = 'holdfast'

export function systemStateDir(name: string): string {
  return join(systemState, name)
}

/** Whether systemd supervises the deployment with this state directory; otherwise it is the embedded supervisor. */
export function isUnderSystemd(stateDir: string): boolean {
  return dirname(stateDir) === systemState
}

export function deploymentName(stateDir: string): string {
  return basename(stateDir)
}

/** What systemd reads as root, and nobody else: variables with secrets. */
export function environmentFile(name: string, component: string): string {
  return join(systemConfig, name, `${component}.env`)
}

export function unitFile(unit: string): string {
  return join(unitDirectory, unit)
}
