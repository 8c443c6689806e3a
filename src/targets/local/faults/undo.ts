import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../../errors.ts'
import { findManaged } from '../../../platform/managed-process.ts'
import type { Topology } from '../../../topology/topology.ts'
import { askSupervisor } from '../control.ts'
import { ensureSupervisor } from '../ensure-supervisor.ts'
import { localPaths, type LocalPaths } from '../paths.ts'
import { lockHolder, takeProcessLock } from '../process-lock.ts'
import { readTopology } from '../state-files.ts'
import { askNode } from './node-commands.ts'
import { isMounted, ownDisk, thaw } from './own-disk.ts'
import { requirePacketFilter } from './packet-filter.ts'
import { wake } from './processes.ts'
import { journalPath, openJournal, type UndoJournal, type UndoStep } from './undo-journal.ts'
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
        failures.push(`${describe(step)}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  if (failures.length === 0) return
  throw new HoldfastError('BUSY', `not everything could be healed.\n${failures.join('\n')}`, {
    hint: `It is noted in ${journalPath(paths.stateDir)}, and the next ./holdfast up or verify tries again.`,
  })
}

/**
 * Heals what a verify left that is dead. One that lives is left alone: it heals by itself.
 * @returns whether there was something
 */
export async function healLeftOver(stateDir: string): Promise<boolean> {
  const paths = localPaths(stateDir)
  const journal = openJournal(stateDir)
  const topology = readTopology(paths)
  if (topology === null || journal.steps().length === 0 || lockHolder(paths.verifyLock) !== null) return false
  const lock = takeProcessLock(paths.verifyLock)
  if ('heldBy' in lock) return false
  try {
    await undoAll(paths, topology, journal)
    return true
  } finally {
    lock.release()
  }
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
      await persistently(() => askNode(paths, topology, { node: step.node, server: 'redis' }, step.words))
      return
    case 'supervise':
      await ensureSupervisor(stateDir)
      return
    case 'scale':
      await persistently(() =>
        askSupervisor(
          paths.supervisorSocket,
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

/** What was killed a moment ago is being started again. */
async function persistently(ask: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + redisWithinMs
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      const isOver = performance.now() > deadline
      if (isOver || !(error instanceof HoldfastError && error.code === 'NOT_RUNNING')) throw error
      await delay(200)
    }
  }
}

function describe(step: UndoStep): string {
  switch (step.kind) {
    case 'continue':
      return `${step.component} (pid ${String(step.pid)}) is stopped`
    case 'network':
      return `packets are dropped by the table ${step.table}`
    case 'end':
      return `${step.component} runs`
    case 'thaw':
      return `the disk of redis-${String(step.node)} is frozen`
    case 'empty-disk':
      return `the disk of redis-${String(step.node)} is full`
    case 'volume':
      return `the volume of redis-${String(step.node)} is on a disk of the drill`
    case 'redis':
      return `redis-${String(step.node)} has other settings`
    case 'supervise':
      return 'the supervisor is dead'
    case 'scale':
      return `another number of instances runs than ${String(step.instances)}`
    default:
      return step satisfies never
  }
}
