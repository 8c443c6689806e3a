import { join } from 'node:path'
import { HoldfastError } from '../../errors.ts'
import { readIfExists, writeFileDurably } from '../../platform/files.ts'
import type { LocalPaths } from './paths.ts'

/**
 * What makes a state directory of version n one of version n + 1. Each may be interrupted and is then run again. Nothing that runs is
 * changed: processes that an older release started go on until `up` starts them anew.
 */
const migrations: readonly ((paths: LocalPaths) => void)[] = [
  // 0: before there was a version. The files are the same.
  () => undefined,
]

/** Of what this release writes. */
export const stateVersion = migrations.length

const versionFile = ({ stateDir }: LocalPaths) => join(stateDir, 'version')

/**
 * An older release would take what a newer one wrote for something else, and change it.
 * @throws HoldfastError STATE_NEWER
 */
export function checkStateVersion(paths: LocalPaths): void {
  const version = readVersion(paths)
  if (version <= stateVersion) return
  const versions = `version ${String(version)}; this one knows up to ${String(stateVersion)}`
  throw new HoldfastError(
    'STATE_NEWER',
    `${paths.stateDir} was written by a newer release of Holdfast (${versions})`,
    {
      exitCode: 2,
      hint: 'Nothing was changed. Use that release or a newer one: git pull, then do this again.',
    },
  )
}

/** Under the operation lock. */
export function migrateState(paths: LocalPaths): void {
  for (let version = readVersion(paths); version < stateVersion; version += 1) {
    migrations[version]?.(paths)
    writeFileDurably(versionFile(paths), `${String(version + 1)}\n`)
  }
}

function readVersion(paths: LocalPaths): number {
  const text = readIfThere(versionFile(paths))
  if (text === null) return 0
  if (/^\d{1,6}\n?$/.test(text)) return Number(text)
  throw new HoldfastError('STATE_NEWER', `${versionFile(paths)} holds no number`, {
    exitCode: 2,
    hint: `Nothing was changed. This release writes ${String(stateVersion)} there; was it edited, or is the disk damaged?`,
  })
}

/** Null also where nobody can look: a file in the place of the directory, one of somebody else. Who reads or writes there next says so. */
function readIfThere(path: string): string | null {
  try {
    return readIfExists(path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'EACCES') return null
    throw error
  }
}
