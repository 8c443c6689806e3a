import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { serviceName, sliceName, socketName, targetName } from '../../../render/systemd/names.ts'
import { uninstallSystem } from './install.ts'
import { deploymentName, systemConfig, systemState, unitFile } from './places.ts'
import { installedComponents, systemctl } from './systemctl.ts'
import { isInstalled } from './unit-status.ts'

/** In the order in which the parts need each other. */
const order: readonly RegExp[] = [/^front-door$/, /^app-/, /^gateway$/, /^agent-/]

/**
 * Stops everything of a deployment, and removes its units: it does not come back at the next boot.
 * @returns whether there was anything
 */
export async function removeUnits(stateDir: string): Promise<boolean> {
  const name = deploymentName(stateDir)
  const components = installedComponents(name)
  const sockets = ['gateway', 'front-door'].map((each) => socketName(name, each))
  const present = sockets.filter((each) => existsSync(unitFile(each)))
  if (components.length === 0 && present.length === 0 && !isInstalled(stateDir)) return false
  // Before anything ends: whoever dies here has at least decided.
  const frame = [targetName(name), sliceName(name)]
  const services = components.map((each) => serviceName(name, each))
  await systemctl('disable', '--quiet', ...services, ...present, targetName(name)).catch(() => undefined)
  if (present.length > 0) await systemctl('stop', ...present)
  for (const part of order) {
    const units = components.filter((each) => part.test(each)).map((each) => serviceName(name, each))
    if (units.length > 0) await systemctl('stop', ...units)
  }
  await systemctl('stop', ...frame).catch(() => undefined)
  for (const unit of [...services, ...present, ...frame]) rmSync(unitFile(unit), { force: true })
  rmSync(unitFile(`${targetName(name)}.wants`), { recursive: true, force: true })
  rmSync(join(systemConfig, name), { recursive: true, force: true })
  await systemctl('daemon-reload')
  await systemctl('reset-failed', ...services, ...present).catch(() => undefined)
  return true
}

/** With the last deployment goes what all of them share: user, code, directories. */
export async function purgeSystem(stateDir: string): Promise<void> {
  rmSync(stateDir, { recursive: true, force: true })
  const others = existsSync(systemState) ? readdirSync(systemState) : []
  if (others.length > 0) return
  // systemd made it by itself, around those of the deployments.
  await systemctl('stop', 'holdfast.slice').catch(() => undefined)
  await uninstallSystem()
}
