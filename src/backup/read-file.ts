import { createReadStream, statSync } from 'node:fs'
import { HoldfastError } from '../errors.ts'
import { readBackup } from './format.ts'
import type { BackupManifest } from './manifest.ts'

/**
 * Reads a backup to its end; see readBackup.
 * @throws HoldfastError BACKUP_INVALID
 */
export async function readFileWhole(
  file: string,
  signal: AbortSignal,
  onData?: (piece: Buffer) => void,
): Promise<BackupManifest> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new HoldfastError('BACKUP_INVALID', `${file} is no file`, {
      exitCode: 2,
      hint: 'Name a file that ./holdfast backup wrote.',
    })
  }
  try {
    return await readBackup(createReadStream(file, { highWaterMark: 2 ** 20, signal }), file, onData)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof HoldfastError || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw new HoldfastError('BACKUP_INVALID', `${file} cannot be read: ${(error as Error).message}`, {
      exitCode: 2,
      hint: `ls -l ${file}`,
      cause: error,
    })
  }
}
