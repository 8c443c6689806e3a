import { join } from 'node:path'
import { makePrivateDirectory, readIfExists, writeFileDurably } from '../../platform/files.ts'
import { generateSecret } from '../../platform/generate-secret.ts'
import type { Secrets } from '../target.ts'

/**
 * The secrets of manifests that hold them: generated once and kept, so that manifests are the same every time.
 * @param directory where they are kept; made when it is not there
 * @param password what the spec says, which is not kept; null: generate once
 */
export function keptSecrets(directory: string, password: string | null): Secrets {
  makePrivateDirectory(directory)
  const kept = (name: string): string => {
    const file = join(directory, name)
    const known = readIfExists(file)
    if (known !== null) return known
    const generated = generateSecret()
    writeFileDurably(file, generated)
    return generated
  }
  return { password: password ?? kept('password'), internal: kept('internal') }
}
