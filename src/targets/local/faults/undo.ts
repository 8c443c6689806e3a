import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../../errors.ts'
import { findManaged } from '../../../platform/managed-process.ts'
import type { Topology } from '../../../topology/topology.ts'
import { ensureSupervisor } from '../ensure-supervisor.ts'
import { askManager } from '../manager.ts'
import type { LocalPaths } from '../paths.ts'
import { isForNow } from './for-now.ts'
import { endForeign, foreignComponent } from './foreign-replica.ts'
import { askNode } from './node-commands.ts'
import { isMounted, ownDisk, thaw } from './own-disk.ts'
import { requirePacketFilter } from './packet-filter.ts'
import { wake } from './processes.ts'
import { describeUndo, journalPath, type UndoJournal, type UndoStep } from './undo-journal.ts'
import { bringBack } from './volume.ts'

/** What has to be whole before what comes after it can be healed: commands need processes that run and a network. */
const order: readonly UndoStep['kind'][] = [
  'continue',
  'network',
  'end',
  'thaw',
  'empty-disk',
  'supervise',
  'redis',
  'volume',
  'scale',
]

const redisWithinMs = 20_000
const scaleWithinMs = 60_000

/**
 * Makes whole what the journal names; what is done is taken out of it.
 * @throws HoldfastError that names all that could not be done
 */
export async function undoAll(paths: LocalPaths, topology: Topology, journal: UndoJournal): Promise<void> {
  const failures: string[] = []
  const steps = journal.steps().toReversed()
  for (const kind of order) {
    for (const step of steps.filter((each) => each.kind === kind)) {
      try {
        await undo(step, paths, topology, journal)
        const text = JSON.stringify(step)
        journal.forget((each) => JSON.stringify(each) === text)
      } catch (error) {
        failures.push(`${describeUndo(step)}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  if (failures.length === 0) return
  throw new HoldfastError('BUSY', `not everything could be healed.\n${failures.join('\n')}`, {
    hint: `It is noted in ${journalPath(paths.stateDir)}, and the next ./holdfast up or verify tries again.`,
  })
}

async function undo(
  step: UndoStep,
  paths: LocalPaths,
  topology: Topology,
  journal: UndoJournal,
): Promise<void> {
  const { stateDir } = paths
  switch (step.kind) {
    case 'continue':
      wake(step)
      return
    case 'network':
      await requirePacketFilter().remove(step.table)
      return
    case 'end': {
      if (step.component === foreignComponent) {
        await endForeign(paths)
        return
      }
      const found = findManaged(stateDir).filter(({ component }) => component === step.component)
      await Promise.all(found.map((helper) => helper.stop({ graceMs: 1000 })))
      return
    }
    case 'thaw':
      await thaw(ownDisk(stateDir, step.node))
      return
    case 'empty-disk': {
      const disk = ownDisk(stateDir, step.node)
      if (isMounted(disk.directory)) await rm(disk.filler, { force: true })
      return
    }
    case 'volume':
      await bringBack(paths, topology, step.node, journal)
      return
    case 'redis':
      await persistently(() => askWritable(paths, topology, step))
      return
    case 'supervise':
      await ensureSupervisor(stateDir)
      return
    case 'scale':
      await persistently(() =>
        askManager(
          paths,
          'scale',
          { instances: step.instances },
          { signal: AbortSignal.timeout(scaleWithinMs) },
        ),
      )
      return
    default:
      step satisfies never
  }
}

/** A setting is of its node alone. What was written is everybody's, and that node may be a replica by now: the primary undoes it. */
async function askWritable(
  paths: LocalPaths,
  topology: Topology,
  { node, words }: Extract<UndoStep, { readonly kind: 'redis' }>,
): Promise<void> {
  const others = topology.nodes.map(({ index }) => index).filter((index) => index !== node)
  let refused: unknown
  for (const index of [node, ...others]) {
    try {
      await askNode(paths, topology, { node: index, server: 'redis' }, words)
      return
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('READONLY '))) throw error
      refused = error
    }
  }
  throw refused
}

/** What was killed a moment ago is being started again, or waits for the others. */
async function persistently(ask: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + redisWithinMs
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (performance.now() > deadline || !isForNow(error)) throw error
      await delay(200)
    }
  }
}
