import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { readIfExists, syncDirectory, writeFileDurably } from '../../../platform/files.ts'

/** A process that is the one meant only while pid, start time and boot are these. */
export interface NotedProcess {
  readonly component: string
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
}

/** One thing that is broken, as what makes it whole again. Each can be done twice, and after a reboot. */
export type UndoStep =
  | ({ readonly kind: 'continue' } & NotedProcess)
  /** The packet filter's table of this deployment, whole. */
  | { readonly kind: 'network'; readonly table: string }
  /** A helper of the drill (a relay, a foreign replica): by its component's name. */
  | { readonly kind: 'end'; readonly component: string }
  | { readonly kind: 'thaw'; readonly node: number }
  | { readonly kind: 'empty-disk'; readonly node: number }
  /** The node's volume goes back to where it was. */
  | { readonly kind: 'volume'; readonly node: number }
  | { readonly kind: 'redis'; readonly node: number; readonly words: readonly string[] }
  /** Nobody starts it by itself while everything is dead. */
  | { readonly kind: 'supervise' }
  | { readonly kind: 'scale'; readonly instances: number }

export interface UndoJournal {
  /** In the order in which they were noted. */
  steps(): readonly UndoStep[]
  /** On the disk when it returns. A step that is there already is not noted twice. */
  note(...steps: readonly UndoStep[]): void
  /** What is done, or was never needed. */
  forget(gone: (step: UndoStep) => boolean): void
}

export const journalPath = (stateDir: string): string => join(stateDir, 'verify-undo.json')

/**
 * What is broken in a deployment, in a file: read anew each time, since a guardian or the next command may go on with it.
 * The file is there only while something is broken.
 */
export function openJournal(stateDir: string): UndoJournal {
  const path = journalPath(stateDir)
  const read = () => JSON.parse(readIfExists(path) ?? '[]') as UndoStep[]
  const write = (steps: readonly UndoStep[]) => {
    if (steps.length > 0) {
      writeFileDurably(path, JSON.stringify(steps, null, 1))
      return
    }
    rmSync(path, { force: true })
    syncDirectory(stateDir)
  }
  return {
    steps: read,
    note: (...steps) => {
      const known = read()
      const texts = new Set(known.map((step) => JSON.stringify(step)))
      const added = steps.filter((step) => !texts.has(JSON.stringify(step)))
      if (added.length > 0) write([...known, ...added])
    },
    forget: (gone) => {
      const known = read()
      const left = known.filter((step) => !gone(step))
      if (left.length < known.length) write(left)
    },
  }
}

/** What is wrong as long as it is not undone. */
export function describeUndo(step: UndoStep): string {
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
