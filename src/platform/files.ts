import {
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file so that after a crash it is the old one or the new one, whole, and survives a power cut.
 * @param mode permission bits, 0600 when left out
 */
export function writeFileDurably(path: string, content: string | Uint8Array, mode = 0o600): void {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${String(process.pid)}.tmp`)
  try {
    const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, mode)
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
      giveToOwner(file, directory)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(directory)
}

/** What root writes into somebody's directory is that somebody's to read: a service has no other rights. */
function giveToOwner(file: number, directory: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  if (uid !== 0) fchownSync(file, uid, gid)
}

/** What root made within somebody's directory, given to that somebody: sudo leaves nothing of root in a clone. */
export function giveToOwnerOf(directory: string, paths: readonly string[]): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  for (const path of paths) chownSync(path, uid, gid)
}

export function syncDirectory(directory: string): void {
  const handle = openSync(directory, constants.O_RDONLY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** @returns null when the file does not exist; other errors are thrown. */
export function readIfExists(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

export function makePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Opens a log for appending: whoever writes and whoever truncates need not know of each other. */
export function openLog(path: string): number {
  makePrivateDirectory(dirname(path))
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600)
}

/**
 * Copies a log that has grown past the limit to `path.1` (which becomes `path.2`, …) and empties it in place: its
 * writer keeps its descriptor. A line written between the two steps is lost, as with logrotate's copytruncate.
 * @returns whether it was rotated
 */
export function rotateLog(path: string, { limitBytes = 10 * 1024 * 1024, keep = 3 } = {}): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size <= limitBytes) return false
  for (let index = keep - 1; index >= 1; index -= 1) {
    const from = `${path}.${String(index)}`
    if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${path}.${String(index + 1)}`)
  }
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
  return true
}

/** @returns the last lines of a text file, without reading more than `limitBytes` of it; empty when there is none. */
export function lastLines(path: string, count: number, limitBytes = 64 * 1024): string[] {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return []
  const text = readFileSync(path)
    .subarray(Math.max(0, size - limitBytes))
    .toString('utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.slice(-count)
}
