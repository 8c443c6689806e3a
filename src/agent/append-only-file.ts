import { existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from '../platform/files.ts'

/** Zero bytes that stand where a command should begin. */
export interface Hole {
  /** Of one of the incremental files. */
  readonly path: string
  /** Bytes before it. */
  readonly offset: number
}

/**
 * What a full disk leaves behind. Redis takes a short write back with ftruncate, but a file that a rewrite opened has no
 * O_APPEND, so the next write goes where the short one ended: zero bytes in between (seen: 7.0.15; the sources of 7.2, 7.4 and
 * 8 open it the same way). Redis refuses to load such a file.
 *
 * @param directory the `appendonlydir` of a node; nobody writes to it
 * @returns null when there is none; also when what is wrong is something else
 */
export async function findHole(directory: string): Promise<Hole | null> {
  for (const path of filesOf(directory) ?? []) {
    if (!path.includes('.incr.')) continue
    const file = await open(path)
    try {
      const end = await endOfCommands(file)
      if (end !== null) return { path, offset: end }
    } finally {
      await file.close()
    }
  }
  return null
}

export interface FilesOnDisk {
  /** Which files these are; a rewrite changes it. */
  readonly names: string
  readonly bytes: number
}

/** All files that the manifest names as parts of the data; null while there is no manifest. */
export function filesOnDisk(directory: string): FilesOnDisk | null {
  try {
    const paths = filesOf(directory)
    if (paths === null) return null
    const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0)
    return { names: paths.map((path) => basename(path)).join(), bytes }
  } catch (error) {
    // A rewrite has just replaced them.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Their bytes. */
export function sizeOnDisk(directory: string): number | null {
  return filesOnDisk(directory)?.bytes ?? null
}

/** Renames it, so that the node begins empty and nothing is deleted. @returns where it is now */
export function setAside(directory: string): string {
  const parent = dirname(directory)
  const taken = new Set(readdirSync(parent))
  const names = Array.from({ length: taken.size + 1 }, (_, index) =>
    index === 0 ? `${basename(directory)}.damaged` : `${basename(directory)}.damaged-${String(index + 1)}`,
  )
  const to = join(parent, names.find((name) => !taken.has(name)) ?? `${basename(directory)}.damaged`)
  renameSync(directory, to)
  syncDirectory(parent)
  return to
}

/** Base and incremental files, oldest first. The manifest's lines: `file NAME seq N type b|i|h`; h is a file to be deleted. */
function filesOf(directory: string): string[] | null {
  const manifest = existsSync(directory)
    ? readdirSync(directory).find((name) => name.endsWith('.manifest'))
    : undefined
  if (manifest === undefined) return null
  return readFileSync(join(directory, manifest), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, type] = /^file (\S+) seq \d+ type ([bih])/.exec(line) ?? []
      return name === undefined || type === 'h' ? [] : [join(directory, name)]
    })
}

/** @returns where commands end and zero bytes begin; null: they end with the file, or with something else */
async function endOfCommands(file: FileHandle): Promise<number | null> {
  const reader = readerOf(file)
  for (;;) {
    const at = reader.position()
    const line = await reader.line()
    if (line === null) return null
    if (line.startsWith('\0')) return at
    if (line.startsWith('#')) continue
    if (!/^\*\d+$/.test(line)) return null
    for (let left = Number(line.slice(1)); left > 0; left -= 1) {
      const length = await reader.line()
      if (length === null || !/^\$\d+$/.test(length)) return null
      reader.skip(Number(length.slice(1)) + 2)
    }
  }
}

const chunkBytes = 64 * 1024
/** Longer than any line between arguments. */
const lineBytes = 1024

function readerOf(file: FileHandle) {
  const buffer = Buffer.alloc(chunkBytes)
  let from = 0
  let length = 0
  let position = 0
  return {
    position: () => position,
    skip: (bytes: number) => {
      position += bytes
    },
    /** Up to CRLF, without it, or what is left when there is none; null at the end of the file. */
    line: async (): Promise<string | null> => {
      if (position < from || position + lineBytes > from + length) {
        from = position
        length = (await file.read(buffer, 0, chunkBytes, position)).bytesRead
      }
      const rest = buffer.subarray(position - from, Math.min(position - from + lineBytes, length))
      if (rest.length === 0) return null
      const end = rest.indexOf('\r\n')
      const text = rest.subarray(0, end === -1 ? rest.length : end).toString('latin1')
      position += text.length + 2
      return text
    },
  }
}
