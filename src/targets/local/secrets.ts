import { HoldfastError } from '../../errors.ts'
import { readIfExists, writeFileDurably } from '../../platform/files.ts'
import { generateSecret } from '../../platform/generate-secret.ts'
import { findManaged } from '../../platform/managed-process.ts'
import type { LocalPaths } from './paths.ts'

/**
 * Writes the secrets that are not there yet; what is there is kept.
 * @param password from the spec; null: generate once and keep
 * @throws HoldfastError SECRET_INVALID when nodes run with another password
 */
export function settleSecrets(paths: LocalPaths, password: string | null): void {
  if (readIfExists(paths.internal) === null) writeFileDurably(paths.internal, generateSecret())
  const kept = readIfExists(paths.password)
  if (kept !== null && (password === null || password === kept)) return
  if (
    kept !== null &&
    findManaged(paths.stateDir).some(({ component }) => /^(agent|redis|gateway)\b/.test(component))
  ) {
    throw new HoldfastError('SECRET_INVALID', 'redis.password is another one than the running nodes have', {
      hint: './holdfast rotate-password takes it up while everything runs.',
      exitCode: 2,
    })
  }
  writeFileDurably(paths.password, password ?? generateSecret())
}
