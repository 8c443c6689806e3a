import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { HoldfastError } from '../../errors.ts'
import { findProgram, readOutput } from '../../platform/run-program.ts'
import type { LocalPaths } from './paths.ts'

const leastFreeBytes = 64 * 2 ** 20

interface Requirement {
  readonly names: readonly string[]
  readonly versionArgument: string
  /** Oldest version by program, major and minor. */
  readonly least: Readonly<Record<string, readonly [number, number]>>
  readonly hint: string
}

const requirements: readonly Requirement[] = [
  {
    names: ['redis-server', 'valkey-server'],
    versionArgument: '--version',
    least: { 'redis-server': [7, 0], 'valkey-server': [7, 2] },
    hint: 'Install it with ./holdfast up, or: sudo apt-get install redis-server',
  },
  {
    names: ['haproxy'],
    versionArgument: '-v',
    least: { haproxy: [2, 4] },
    hint: 'Install it with ./holdfast up, or: sudo apt-get install haproxy',
  },
]

/**
 * Looks for the servers.
 * @throws HoldfastError BINARY_MISSING, BINARY_TOO_OLD
 */
export async function checkPrograms(): Promise<void> {
  await Promise.all(requirements.map(checkProgram))
}

async function checkProgram({ names, versionArgument, least, hint }: Requirement): Promise<void> {
  const path = findProgram(names, process.env)
  if (path === null) {
    throw new HoldfastError('BINARY_MISSING', `${names.join(' or ')} is not on this machine`, {
      hint,
      exitCode: 2,
    })
  }
  const output = await readOutput(path, [versionArgument])
  const version = /(?:v=|version )(\d+)\.(\d+)/.exec(output)
  const name = names.find((candidate) => path.endsWith(`/${candidate}`)) ?? path
  const [major, minor] = least[name] ?? [0, 0]
  const [, foundMajor = '', foundMinor = ''] = version ?? []
  if (version === null) {
    throw new HoldfastError('BINARY_MISSING', `${path} ${versionArgument} does not say its version`, {
      hint,
      exitCode: 2,
    })
  }
  if (Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor)) return
  const message = `${path} is version ${foundMajor}.${foundMinor}; ${String(major)}.${String(minor)} or newer is needed`
  throw new HoldfastError('BINARY_TOO_OLD', message, { hint, exitCode: 2 })
}

/**
 * Makes the state directory, private, and looks whether it can be written.
 * @throws HoldfastError STATE_UNWRITABLE, DISK_FULL
 */
export function prepareStateDirectory(paths: LocalPaths): void {
  const probe = join(paths.run, '.probe')
  try {
    for (const directory of [paths.stateDir, paths.run, paths.logs, paths.config, paths.secrets]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      chmodSync(directory, 0o700)
    }
    writeFileSync(probe, 'x'.repeat(4096))
    rmSync(probe)
  } catch (error) {
    throw stateError(error as NodeJS.ErrnoException, paths)
  }
  const { bavail, bsize } = statfsSync(paths.stateDir)
  if (bavail * bsize >= leastFreeBytes) return
  const free = `${String(Math.floor((bavail * bsize) / 2 ** 20))} MB`
  throw new HoldfastError(
    'DISK_FULL',
    `only ${free} are free on the disk of ${paths.stateDir}: Redis needs room for its files`,
    {
      hint: `df -h ${paths.stateDir}; free some space, then ./holdfast up`,
    },
  )
}

/** What an error while writing in the state directory means to a person. */
export function stateError(error: NodeJS.ErrnoException, { stateDir }: LocalPaths): HoldfastError {
  if (error instanceof HoldfastError) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new HoldfastError('DISK_FULL', `the disk of ${stateDir} is full`, {
      hint: `df -h ${stateDir}; free some space, then ./holdfast up`,
      cause: error,
    })
  }
  const place = nearestExisting(stateDir)
  const why = isOnReadOnlyDisk(place) ? `${place} is on a read-only file system` : error.message
  return new HoldfastError('STATE_UNWRITABLE', `cannot write in ${stateDir}: ${why}`, {
    hint: `It must be a directory that belongs to this user and is writable: ls -ld ${place}; findmnt -T ${place}`,
    cause: error,
    exitCode: 2,
  })
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}

/** mkdir says "no such file" there (measured, Node 24). */
function isOnReadOnlyDisk(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS'
  }
}
