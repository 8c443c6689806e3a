import { constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** sun_path holds 108 bytes: unix(7). */
const limitBytes = 107
const directories = new Map<string, number>()

/** @returns another name of a unix socket's path when it is too long to be bound or connected to */
export function socketPath(path: string): string {
  if (Buffer.byteLength(path) <= limitBytes) return path
  const directory = dirname(path)
  const fd = directories.get(directory) ?? openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  directories.set(directory, fd)
  return `/proc/self/fd/${String(fd)}/${basename(path)}`
}
