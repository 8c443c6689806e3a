import { existsSync } from 'node:fs'
import { uptime } from 'node:os'
import { readIfExists } from '../../../platform/files.ts'
import { serviceName, targetName } from '../../../render/systemd/names.ts'
import type { SupervisorStatus } from '../control.ts'
import { deploymentName, unitFile } from './places.ts'
import { installedComponents, showUnits, type UnitState } from './systemctl.ts'

const healthyMicroseconds = 10_000_000

/** Restarts in short succession: it is not getting healthy. */
export function failuresOf({ active, restarts, activeSince }: UnitState): number {
  const isLasting = active === 'active' && uptime() * 1_000_000 - activeSince > healthyMicroseconds
  return isLasting ? 0 : restarts
}

/** Whether the deployment is meant to run: `down` removes its units. */
export function isInstalled(stateDir: string): boolean {
  return existsSync(unitFile(targetName(deploymentName(stateDir))))
}

/** @returns what a component was started with last, as its unit says; null: it has none */
export function unitFingerprint(stateDir: string, component: string): string | null {
  const unit = readIfExists(unitFile(serviceName(deploymentName(stateDir), component))) ?? ''
  return /^Fingerprint=(.*)$/m.exec(unit)?.[1] ?? null
}

/** As the embedded supervisor would answer. @returns null when there are no units */
export async function unitStatus(stateDir: string): Promise<SupervisorStatus | null> {
  if (!isInstalled(stateDir)) return null
  const name = deploymentName(stateDir)
  const components = installedComponents(name)
  const units = await showUnits(components.map((each) => serviceName(name, each)))
  return {
    pid: 1,
    components: components.flatMap((component) => {
      const unit = units.get(serviceName(name, component))
      if (unit === undefined) return []
      const pid = unit.pid === 0 ? null : unit.pid
      return [{ component, pid, restarts: unit.restarts, failures: failuresOf(unit) }]
    }),
    instances: components
      .flatMap((each) => /^app-(\d+)$/.exec(each)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b),
  }
}
