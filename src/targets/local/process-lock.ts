import { linkSync, rmSync, writeFileSync } from 'node:fs'
import { readIfExists } from '../../platform/files.ts'
import { isAlive, readBootId, readStat } from '../../platform/proc.ts'

export interface ProcessLock {
  release(): void
}

interface Holder {
  readonly pid: number
  readonly startTime: number
  readonly bootId: string
}

/**
 * Takes a lock that ends with its holder, however that ends: the file names the process by pid and start time.
 * @returns the lock, or the pid of the live process that holds it
 */
export function takeProcessLock(path: string): ProcessLock | { readonly heldBy: number } {
  const me = JSON.stringify(thisProcess())
  const mine = `${path}.${String(process.pid)}`
  try {
    writeFileSync(mine, me, { mode: 0o600 })
    for (;;) {
      try {
        // A link appears whole or not at all, unlike a file that is created and then written.
        linkSync(mine, path)
        return {
          release: () => {
            if (readIfExists(path) === me) rmSync(path, { force: true })
          },
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const text = readIfExists(path)
      const holder = parse(text)
      if (holder !== null && isHeld(holder)) return { heldBy: holder.pid }
      breakLock(path, text)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** @returns pid of the live holder, or null */
export function lockHolder(path: string): number | null {
  const holder = parse(readIfExists(path))
  return holder !== null && isHeld(holder) ? holder.pid : null
}

/** Removes a dead holder's lock. Two that do so at once: the breakers' own lock lets one through at a time. */
function breakLock(path: string, dead: string | null): void {
  const breaker = `${path}.breaking`
  try {
    linkSync(`${path}.${String(process.pid)}`, breaker)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = parse(readIfExists(breaker))
    if (holder === null || !isHeld(holder)) rmSync(breaker, { force: true })
    return
  }
  if (readIfExists(path) === dead) rmSync(path, { force: true })
  rmSync(breaker, { force: true })
}

function thisProcess(): Holder {
  const { pid } = process
  return { pid, startTime: readStat(pid)?.startTime ?? 0, bootId: readBootId() }
}

function isHeld(holder: Holder): boolean {
  return holder.bootId === readBootId() && isAlive(holder.pid, holder.startTime)
}

function parse(text: string | null): Holder | null {
  try {
    const holder = JSON.parse(text ?? '') as Partial<Holder>
    return typeof holder.pid === 'number' ? (holder as Holder) : null
  } catch {
    return null
  }
}
