import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

/** What is there after a relay is dropped once it is longer: whoever collects the output has it. */
const keepBytes = 2 ** 20
const newline = 0x0a

/**
 * Passes the servers' logs on, line by line, for whoever collects the output of the agent, as a container's runtime does. The files
 * stay, since the agent reads the last words of a dead server in them, but do not grow.
 * @returns what passes on everything that is new; a file that is not there yet is empty
 */
export function createLogRelay(paths: readonly string[], write: (lines: string) => void): () => void {
  // What an earlier agent's servers wrote was passed on by that one.
  const offsets = new Map(paths.map((path) => [path, statSync(path, { throwIfNoEntry: false })?.size ?? 0]))
  return () => {
    for (const path of paths) {
      const { lines, end } = readLines(path, offsets.get(path) ?? 0)
      if (lines !== '') write(lines)
      offsets.set(path, end)
      if (end <= keepBytes) continue
      truncateSync(path)
      offsets.set(path, 0)
    }
  }
}

/** Whole lines only: the rest comes with the next look. */
function readLines(path: string, offset: number): { readonly lines: string; readonly end: number } {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: '', end: 0 }
    throw error
  }
  try {
    const { size } = fstatSync(file)
    // Shorter than before: somebody emptied it.
    const start = size < offset ? 0 : offset
    const bytes = Buffer.alloc(size - start)
    const read = readSync(file, bytes, 0, bytes.length, start)
    const whole = bytes.subarray(0, bytes.subarray(0, read).lastIndexOf(newline) + 1)
    return { lines: whole.toString('utf8'), end: start + whole.length }
  } finally {
    closeSync(file)
  }
}
