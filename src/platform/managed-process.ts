import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'
import { openLog } from './files.ts'
import { isAlive, ownProcesses, readStat, readVariable, signalProcess, type ProcessStat } from './proc.ts'
import { readProcessRecords, writeProcessRecord, type ProcessRecord } from './process-record.ts'

export interface ManagedSpec {
  /** `redis-0` */
  readonly component: string
  /** The deployment's state directory, absolute: with the component it tags the process. */
  readonly deployment: string
  readonly argv: readonly string[]
  /** The complete environment: only what this process needs. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard output and error are appended here; created 0600. */
  readonly logFile: string
  /** Become descriptors 3, 4, … of the process. */
  readonly extraFds?: readonly number[]
  readonly umask?: number
  /** Its stdin ends when the process that started it does, however that ends. */
  readonly lifeline?: boolean
}

export type Exit =
  { readonly code: number | null; readonly signal: NodeJS.Signals | null } | { readonly adopted: true }

/** A process of a deployment, in a session of its own. It outlives whoever started it. */
export interface ManagedProcess {
  readonly component: string
  readonly pid: number
  /** Field 22 of /proc/pid/stat. */
  readonly startTime: number
  /** Left over: tagged, but not (any more) led by the component's first process. */
  readonly stray: boolean
  /** Settles when it has exited; never rejects. Adopted: it was not our child, so nobody told us how. */
  readonly exited: Promise<Exit>
  alive(): boolean
  /** SIGTERM (or `signal`) to its whole session (awake, if it was stopped), SIGKILL to what is left after the grace. Idempotent. */
  stop(options: { readonly graceMs: number; readonly signal?: 'SIGTERM' | 'SIGKILL' }): Promise<void>
}

export const tagVariable = 'HOLDFAST_SUPERVISED'
const pollMs = 100
/** How long a killed process may take to leave /proc: disk writes it is in the middle of are finished first. */
const killPatienceMs = 10_000

/**
 * Starts a process of a deployment: own session, no input, output to its log, and tagged so that findManaged sees it.
 * @throws HoldfastError BINARY_MISSING when it cannot be executed, USAGE when its directory does not exist
 */
export async function spawnManaged(spec: ManagedSpec): Promise<ManagedProcess> {
  const [program, ...args] = spec.argv
  if (program === undefined) throw new HoldfastError('INTERNAL', `${spec.component}: no program to start`)
  const log = openLog(spec.logFile)
  let child: ChildProcess
  const umask = spec.umask === undefined ? undefined : process.umask(spec.umask)
  try {
    child = spawn(program, args, {
      detached: true,
      stdio: [spec.lifeline === true ? 'pipe' : 'ignore', log, log, ...(spec.extraFds ?? [])],
      env: { ...spec.env, [tagVariable]: `${spec.deployment}:${spec.component}` },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    })
  } finally {
    if (umask !== undefined) process.umask(umask)
    closeSync(log)
  }
  // Read at once: until the event loop turns nobody reaps the child, however soon it exits.
  const stat = child.pid === undefined ? null : readStat(child.pid)
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal })
    })
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => {
      reject(spawnError(spec, program, error))
    })
  })
  child.unref()
  child.stdin?.on('error', () => undefined)
  if (child.stdin instanceof Socket) child.stdin.unref()
  if (stat === null) throw new HoldfastError('INTERNAL', `${spec.component}: no /proc entry for its process`)
  writeProcessRecord(spec.deployment, spec.component, stat.pid, stat.startTime)
  return managed(spec, stat, false, () => exited)
}

/**
 * Every process of a deployment that runs now: one leader a component, and as strays whatever else carries its tag or
 * is left of its session. Members of a leader's session are not listed: stopping the leader stops them.
 */
export function findManaged(deployment: string): ManagedProcess[] {
  const processes = processesOf(deployment)
  const records = readProcessRecords(deployment)
  const tagged = processes.flatMap((stat) => {
    const component = componentOf(stat, deployment) ?? recordedComponent(stat, records)
    return component === null ? [] : [{ stat, component }]
  })
  const leaders = new Map<string, ProcessStat>()
  for (const { stat, component } of tagged.toSorted((a, b) => a.stat.startTime - b.stat.startTime)) {
    const recorded = records.some((record) => record.component === component && isRecorded(stat, record))
    if (stat.pid === stat.session && (recorded || !leaders.has(component))) leaders.set(component, stat)
  }
  const sessions = new Set([...leaders.values()].map((stat) => stat.pid))
  return [
    ...[...leaders].map(([component, stat]) =>
      managed({ component, deployment }, stat, false, () => adoptedExit(stat)),
    ),
    ...tagged
      .filter(({ stat }) => !sessions.has(stat.session))
      .map(({ component, stat }) => managed({ component, deployment }, stat, true, () => adoptedExit(stat))),
  ]
}

/** Live processes of our own user; to root those of whoever the deployment belongs to, too. */
export function processesOf(deployment: string): ProcessStat[] {
  if (process.getuid?.() !== 0) return ownProcesses()
  return ownProcesses(statSync(deployment, { throwIfNoEntry: false })?.uid)
}

function componentOf(stat: ProcessStat, deployment: string): string | null {
  const tag = readVariable(stat.pid, tagVariable)
  return tag?.startsWith(`${deployment}:`) === true ? tag.slice(deployment.length + 1) : null
}

function recordedComponent(stat: ProcessStat, records: readonly ProcessRecord[]): string | null {
  const record = records.find((candidate) => isRecorded(stat, candidate) || isLeftOf(stat, candidate))
  return record?.component ?? null
}

function isRecorded(stat: ProcessStat, record: ProcessRecord): boolean {
  return stat.pid === record.pid && stat.startTime === record.startTime
}

/** A member of a session whose leader has gone. While it lives the kernel gives that number to nobody else. */
function isLeftOf(stat: ProcessStat, record: ProcessRecord): boolean {
  return (
    stat.session === record.pid &&
    stat.startTime >= record.startTime &&
    readStat(record.pid)?.zombie !== false
  )
}

function managed(
  { component, deployment }: Pick<ManagedSpec, 'component' | 'deployment'>,
  stat: ProcessStat,
  stray: boolean,
  exited: () => Promise<Exit>,
): ManagedProcess {
  const { pid, startTime } = stat
  const members = () =>
    stray ? [stat].filter(() => isAlive(pid, startTime)) : sessionMembers(deployment, stat)
  return {
    component,
    pid,
    startTime,
    stray,
    get exited() {
      return exited()
    },
    alive: () => isAlive(pid, startTime),
    stop: async ({ graceMs, signal = 'SIGTERM' }) => {
      for (const member of members()) {
        signalProcess(member.pid, member.startTime, signal)
        signalProcess(member.pid, member.startTime, 'SIGCONT')
      }
      if (await allGone(members, graceMs)) return
      const killed = await allGone(() => {
        const left = members()
        for (const member of left) signalProcess(member.pid, member.startTime, 'SIGKILL')
        return left
      }, killPatienceMs)
      if (!killed)
        throw new HoldfastError('TIMEOUT', `${component} (pid ${String(pid)}) does not end after SIGKILL`)
    },
  }
}

/** Live processes of a session, its leader dead or alive; none once its number names somebody else's. */
function sessionMembers(deployment: string, leader: ProcessStat): ProcessStat[] {
  const now = readStat(leader.pid)
  if (now !== null && now.startTime !== leader.startTime) return []
  return processesOf(deployment).filter(
    (stat) => stat.session === leader.pid && stat.startTime >= leader.startTime,
  )
}

async function allGone(members: () => readonly ProcessStat[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  for (let waitMs = 5; members().length > 0; waitMs = Math.min(waitMs * 2, pollMs)) {
    if (performance.now() >= deadline) return false
    await delay(waitMs)
  }
  return true
}

function adoptedExit(stat: ProcessStat): Promise<Exit> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(stat.pid, stat.startTime)) return
      clearInterval(timer)
      resolve({ adopted: true })
    }, pollMs)
    timer.unref()
  })
}

function spawnError(spec: ManagedSpec, program: string, error: NodeJS.ErrnoException): HoldfastError {
  if (spec.cwd !== undefined && !existsSync(spec.cwd)) {
    return new HoldfastError('USAGE', `${spec.component}: its directory ${spec.cwd} does not exist`, {
      hint: 'Correct the directory, or create it.',
      cause: error,
      exitCode: 2,
    })
  }
  const why = error.code === 'EACCES' ? 'it is not executable' : (error.code ?? error.message)
  return new HoldfastError('BINARY_MISSING', `${spec.component}: cannot start ${program}: ${why}`, {
    hint: `Install ${program}, or correct the command.`,
    cause: error,
    exitCode: 2,
  })
}
