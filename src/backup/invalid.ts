import { HoldfastError } from '../errors.ts'

/** A file that is no whole backup: whoever reads it has changed nothing. */
export function invalidBackup(file: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('BACKUP_INVALID', `${file} cannot be restored: ${why}`, {
    exitCode: 2,
    hint: 'Nothing was changed. Take another backup; ./holdfast restore FILE --check says whether one is whole.',
    ...(cause === undefined ? {} : { cause }),
  })
}
