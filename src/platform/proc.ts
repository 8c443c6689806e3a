import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** What /proc says about a process. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** Clock ticks from boot to the process's start: with the pid it names one process for ever. */
  readonly startTime: number
  /** Exited, waiting to be reaped: counts as dead. */
  readonly zombie: boolean
  /** By SIGSTOP, or its like. */
  readonly stopped: boolean
}

/** @returns null when there is no such process. Fields as in proc(5), /proc/pid/stat. */
export function readStat(pid: number): ProcessStat | null {
  let text
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
  } catch {
    return null
  }
  // The name, in parentheses, may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields[0] ?? ''
  return {
    pid,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
    zombie: state === 'Z' || state === 'X',
    stopped: state === 'T',
  }
}

export function isAlive(pid: number, startTime: number): boolean {
  const stat = readStat(pid)
  return stat !== null && !stat.zombie && stat.startTime === startTime
}

/**
 * Live processes of our own user, without zombies.
 * @param also root may ask for another user's as well: its uid
 */
export function ownProcesses(also?: number): ProcessStat[] {
  const uids = new Set([process.getuid?.(), also])
  const found: ProcessStat[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const pid = Number(entry)
    try {
      if (!uids.has(statSync(`/proc/${entry}`).uid)) continue
    } catch {
      continue
    }
    const stat = readStat(pid)
    if (stat !== null && !stat.zombie) found.push(stat)
  }
  return found
}

/** @returns one variable of a process's initial environment, or null: not set, gone, or not ours to read */
export function readVariable(pid: number, name: string): string | null {
  let environ
  try {
    environ = readFileSync(`/proc/${String(pid)}/environ`, 'utf8')
  } catch {
    return null
  }
  const prefix = `${name}=`
  const entry = environ.split('\0').find((line) => line.startsWith(prefix))
  return entry === undefined ? null : entry.slice(prefix.length)
}

/** Differs after every boot: a pid and start time from before it mean nothing. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

/** Sends a signal to one process, only if it still is the one meant. @returns whether it was sent */
export function signalProcess(pid: number, startTime: number, signal: NodeJS.Signals): boolean {
  if (!isAlive(pid, startTime)) return false
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

/** @returns a process's working directory, or null: gone, or somebody else's */
export function workingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${String(pid)}/cwd`)
  } catch {
    return null
  }
}

/** What a process has open: paths, and `socket:[inode]` and their like. Empty for one that is gone or somebody else's. */
export function openFiles(pid: number): string[] {
  const directory = `/proc/${String(pid)}/fd`
  const target = (fd: string) => {
    try {
      return [readlinkSync(`${directory}/${fd}`)]
    } catch {
      return [] // closed meanwhile
    }
  }
  try {
    return readdirSync(directory).flatMap(target)
  } catch {
    return []
  }
}
