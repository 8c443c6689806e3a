import { realpathSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../../errors.ts'
import { findManaged, processesOf } from '../../../platform/managed-process.ts'
import {
  openFiles,
  ownProcesses,
  readBootId,
  readStat,
  signalProcess,
  workingDirectory,
  type ProcessStat,
} from '../../../platform/proc.ts'
import type { NotedProcess, UndoJournal } from './undo-journal.ts'

export type FaultSignal = 'KILL' | 'STOP' | 'CONT'

/** One that is in the middle of a disk write takes as long as the disk. */
const effectWithinMs = 2000

/** What a deployment consists of. Helpers of the drill itself are tagged too, and are none of it. */
const parts = /^(?:(?:redis|sentinel|agent|app)-\d+|gateway|front-door|supervisor|standby)$/

/** Names of what runs now, in the order of status: nodes first. */
export function runningComponents(stateDir: string): string[] {
  return leaders(stateDir)
    .map(({ component }) => component)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

export function findProcess(
  stateDir: string,
  component: string,
): { readonly pid: number; readonly stopped: boolean } | null {
  const found = leaders(stateDir).find((each) => each.component === component)
  const stat = found === undefined ? null : readStat(found.pid)
  return stat === null || stat.zombie ? null : { pid: stat.pid, stopped: stat.stopped }
}

/**
 * Signals these components, and whatever they started in their sessions, all at once. What is stopped is noted before.
 * @returns those that were signalled, once it shows: the kernel stops and ends a process a little later
 */
export async function signalComponents(
  stateDir: string,
  components: readonly string[],
  signal: FaultSignal,
  journal: UndoJournal,
): Promise<string[]> {
  const found = leaders(stateDir).filter(({ component }) => components.includes(component))
  const all = processesOf(stateDir)
  const members = found.flatMap(({ component, pid }) =>
    all.filter((stat) => stat.session === pid).map((stat) => ({ component, stat })),
  )
  const bootId = readBootId()
  const note = (component: string, { pid, startTime }: ProcessStat): NotedProcess => ({
    component,
    pid,
    startTime,
    bootId,
  })
  if (signal === 'STOP') {
    journal.note(
      ...members.map(({ component, stat }) => ({ kind: 'continue' as const, ...note(component, stat) })),
    )
  }
  for (const { stat } of members) signalProcess(stat.pid, stat.startTime, `SIG${signal}`)
  // Who was just being started when it was stopped may be in a session of its own by now, as a server of an agent.
  const left = signal === 'CONT' ? notedOf(components, journal) : []
  for (const step of left) wake(step)
  if (signal !== 'STOP') {
    const pids = new Set([...members.map(({ stat }) => stat.pid), ...left.map(({ pid }) => pid)])
    journal.forget((step) => step.kind === 'continue' && pids.has(step.pid))
  }
  const deadline = performance.now() + effectWithinMs
  while (members.some(({ stat }) => !hasEffect(stat, signal)) && performance.now() < deadline) await delay(2)
  return found.map(({ component }) => component)
}

function notedOf(components: readonly string[], journal: UndoJournal): readonly NotedProcess[] {
  return journal
    .steps()
    .flatMap((step) => (step.kind === 'continue' && components.includes(step.component) ? [step] : []))
}

function hasEffect({ pid, startTime }: ProcessStat, signal: FaultSignal): boolean {
  const now = readStat(pid)
  if (now === null || now.zombie || now.startTime !== startTime) return true
  return signal === 'STOP' ? now.stopped : signal === 'CONT' && !now.stopped
}

/** @throws HoldfastError NOT_RUNNING */
export async function signalComponent(
  stateDir: string,
  component: string,
  signal: FaultSignal,
  journal: UndoJournal,
): Promise<void> {
  if ((await signalComponents(stateDir, [component], signal, journal)).length > 0) return
  throw new HoldfastError('NOT_RUNNING', `${component} does not run`, { hint: './holdfast status' })
}

/** Wakes what was stopped, if it is still that very process. */
export function wake({ pid, startTime, bootId }: NotedProcess): void {
  if (bootId === readBootId()) signalProcess(pid, startTime, 'SIGCONT')
}

/** Whether a component has a file below this directory open. */
export function hasOpened(stateDir: string, component: string, directory: string): boolean {
  const below = `${realpathSync(directory)}/`
  return leaders(stateDir)
    .filter((each) => each.component === component)
    .some(({ pid }) => openFiles(pid).some((path) => path.startsWith(below)))
}

/** Processes of our own user that keep a directory busy: a file below it open, or working there. */
export function usersOf(directory: string): readonly number[] {
  const path = realpathSync(directory)
  const isBelow = (other: string | null) => other === path || other?.startsWith(`${path}/`) === true
  return ownProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => isBelow(workingDirectory(pid)) || openFiles(pid).some(isBelow))
}

function leaders(stateDir: string) {
  return findManaged(stateDir).filter(({ component, stray }) => !stray && parts.test(component))
}
