import type { Problem } from '../../status.ts'
import { localPaths } from '../paths.ts'
import { lockHolder, takeProcessLock } from '../process-lock.ts'
import { readTopology } from '../state-files.ts'
import { describeUndo, openJournal } from './undo-journal.ts'

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
    // Loaded by nobody else: every command comes by here.
    const { undoAll } = await import('./undo.ts')
    await undoAll(paths, topology, journal)
    return true
  } finally {
    lock.release()
  }
}

/** For status and doctor: what a dead verify left, or null. */
export function leftOverProblem(stateDir: string): Problem | null {
  const steps = openJournal(stateDir).steps()
  if (steps.length === 0 || lockHolder(localPaths(stateDir).verifyLock) !== null) return null
  const what = [...new Set(steps.map(describeUndo))].join('; ')
  const message = `a verify that ended in the middle left something broken: ${what}`
  return { code: 'LEFT_BROKEN', message, hint: './holdfast up' }
}
