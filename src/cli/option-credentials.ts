import type { RedisCredentials } from '../discovery/redis-client.ts'
import { isSet, type Variables } from './standalone-flags.ts'

export interface CredentialsInput {
  readonly env: Variables
  readonly readFile: (path: string) => string
}

/** A password from its variable or from the file that another variable names; no message ever repeats it. */
export function credentials(
  whose: 'REDIS' | 'SENTINEL',
  user: string | undefined,
  { env, readFile }: CredentialsInput,
  problems: string[],
): RedisCredentials | null {
  const [variable, fileVariable] = [`HOLDFAST_${whose}_PASSWORD`, `HOLDFAST_${whose}_PASSWORD_FILE`]
  const [direct, file] = [env[variable], env[fileVariable]]
  if (isSet(direct) && isSet(file)) {
    problems.push(`${variable} and ${fileVariable} are both set: one of them is enough`)
    return null
  }
  const password = isSet(file) ? fromFile(fileVariable, file, readFile, problems) : direct
  if (isSet(password)) return { user: user ?? 'default', password }
  if (user !== undefined && !isSet(file))
    problems.push(`${variable} or ${fileVariable} is missing: the password of ${user}`)
  return null
}

function fromFile(
  variable: string,
  path: string,
  readFile: (path: string) => string,
  problems: string[],
): string | undefined {
  try {
    const text = readFile(path).replace(/\r?\n$/, '')
    if (text !== '') return text
    problems.push(`${variable}: ${path} is empty`)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'an error'
    problems.push(
      `${variable}: ${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}`,
    )
  }
  return undefined
}
