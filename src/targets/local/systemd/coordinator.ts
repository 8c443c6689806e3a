import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileDurably } from '../../../platform/files.ts'
import { createLogger } from '../../../platform/log.ts'
import { serviceName, sliceName, targetName } from '../../../render/systemd/names.ts'
import { renderSlice, renderTarget } from '../../../render/systemd/units.ts'
import type { CommandHandlers } from '../control.ts'
import { range } from '../instances.ts'
import { localPaths } from '../paths.ts'
import { requireTopology, wantedInstances } from '../state-files.ts'
import { Supervisor } from '../supervisor.ts'
import { installSystem, removeOldCode } from './install.ts'
import { unitDirectory, unitFile } from './places.ts'
import { showUnits, systemctl } from './systemctl.ts'
import { unitStatus } from './unit-status.ts'
import { UnitWorkshop } from './unit-workshop.ts'

/**
 * Changes a deployment under systemd by the same steps as the embedded supervisor. It lives as long as the command: between
 * commands systemd alone looks after the services. The caller holds the operation lock.
 */
export async function coordinate<T>(
  stateDir: string,
  work: (handlers: CommandHandlers) => Promise<T>,
): Promise<T> {
  const paths = localPaths(stateDir)
  const { name } = requireTopology(paths)
  const code = await installSystem(stateDir, name)
  const before = await unitStatus(stateDir)
  const components = before?.components.map(({ component }) => component) ?? []
  const units = await showUnits(components.map((each) => serviceName(name, each)))
  const isRunning = (each: string) => (units.get(serviceName(name, each))?.active ?? '').startsWith('activ')
  const active = new Set(components.filter(isRunning))
  await writeFrame(name)
  let settled = () => Promise.resolve()
  const log = createLogger('systemd', 'silent')
  const supervisor = new Supervisor({
    paths,
    log,
    workshop: (options) => {
      const workshop = new UnitWorkshop({ paths, code, active, ...options })
      settled = () => workshop.settled()
      return workshop
    },
    find: (topology) => {
      const present = before?.instances ?? []
      const instances = present.length > 0 ? present : range(wantedInstances(paths, topology))
      return Promise.resolve({ running: new Map(), instances })
    },
  })
  await supervisor.begin()
  await settled()
  const result = await work(supervisor.handlers(() => undefined))
  removeOldCode(unitTexts())
  return result
}

/** What holds everything of a deployment together, and brings it up at boot. */
async function writeFrame(name: string): Promise<void> {
  const [target, slice] = [targetName(name), sliceName(name)]
  if (existsSync(unitFile(target))) return
  writeFileDurably(unitFile(slice), renderSlice(name), 0o644)
  writeFileDurably(unitFile(target), renderTarget(name), 0o644)
  await systemctl('daemon-reload')
  await systemctl('enable', '--quiet', target)
  await systemctl('start', target)
}

function unitTexts(): string {
  const units = readdirSync(unitDirectory).filter((name) => /^holdfast-.*\.service$/.test(name))
  return units.map((name) => readFileSync(join(unitDirectory, name), 'utf8')).join('\n')
}
