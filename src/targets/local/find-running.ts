import { findManaged } from '../../platform/managed-process.ts'
import type { Topology } from '../../topology/topology.ts'
import { range } from './instances.ts'
import type { LocalPaths } from './paths.ts'
import { wantedInstances } from './state-files.ts'
import type { Found } from './workshop.ts'

/** What a former supervisor left, for this one to take over; what should not be is ended. */
export async function findRunning(paths: LocalPaths, topology: Topology): Promise<Found> {
  const found = findManaged(paths.stateDir).filter(({ pid }) => pid !== process.pid)
  const running = new Map(found.filter(({ stray }) => !stray).map((each) => [each.component, each]))
  const wanted = wantedInstances(paths, topology)
  const leftOver = found.filter(({ component, stray }) =>
    stray ? !isRedis(component) : isSuperfluous(component, wanted),
  )
  await Promise.all(leftOver.map((each) => each.stop({ graceMs: 1000 })))
  return { running, instances: range(wanted) }
}

/** The agents' affair: they adopt what a former agent left. */
function isRedis(component: string): boolean {
  return /^(redis|sentinel)-/.test(component)
}

function isSuperfluous(component: string, wantedInstances: number): boolean {
  const index = /^app-(\d+)$/.exec(component)?.[1]
  return index !== undefined && Number(index) >= wantedInstances
}
