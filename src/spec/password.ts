import { open } from 'node:fs/promises'
import { resolve } from 'node:path'

import { HoldfastError } from '../errors.ts'
import type { PasswordSource } from './schema.ts'

export const passwordLength = { min: 8, max: 512 } as const

export interface ResolvedPassword {
  /** null: to be generated once and kept. */
  readonly password: string | null
  /** What was done to it, for the user; never the password. */
  readonly notice: string | undefined
}

/**
 * Fetches the password from where the spec says.
 * @param directory the spec's folder: relative files start there
 * @throws HoldfastError SECRET_INVALID, which names the place and never the password
 */
export async function resolvePassword(
  source: PasswordSource,
  { env, directory }: { env: NodeJS.ProcessEnv; directory: string },
): Promise<ResolvedPassword> {
  switch (source.kind) {
    case 'generate':
      return { password: null, notice: undefined }
    case 'env': {
      const value = env[source.name]
      const place = `the variable ${source.name} (redis.password)`
      if (value === undefined)
        throw invalid(`${place} is not set`, `Set it: read -rs ${source.name}; export ${source.name}`)
      return checkPassword(value, place)
    }
    case 'file': {
      const file = resolve(directory, source.path)
      const place = `the file ${file} (redis.password)`
      return checkPassword(await readSecret(file, place), place)
    }
  }
}

/** One newline at the end is an editor's or echo's, not the password's. */
export function checkPassword(text: string, place: string): ResolvedPassword {
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw invalid(`${place} is empty`, hints.length)
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(password)) {
    throw invalid(`${place} has a control character (a tab, a second line, …) in it`, hints.control)
  }
  const { length } = Array.from(password)
  if (length < passwordLength.min || length > passwordLength.max) {
    throw invalid(
      `${place} holds ${length} characters; ${passwordLength.min} to ${passwordLength.max} are needed`,
      hints.length,
    )
  }
  return { password, notice: password === text ? undefined : `removed the newline at the end of ${place}` }
}

const hints = {
  length: 'For example: openssl rand -base64 24',
  control: 'A password is one line of printable characters.',
}

async function readSecret(file: string, place: string): Promise<string> {
  try {
    await using handle = await open(file, 'r')
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(passwordLength.max * 4 + 3))
    if (bytesRead === buffer.length) throw invalid(`${place} is too long for a password`, hints.control)
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead))
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    if (cause instanceof TypeError) throw invalid(`${place} is not UTF-8 text`, hints.control)
    throw invalid(
      `${place} ${explain(cause)}`,
      'Check redis.password.file in the spec; a relative path starts at its folder.',
    )
  }
}

function explain(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
  const texts: Record<string, string> = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read by this user',
    EISDIR: 'is a directory',
  }
  return texts[code] ?? `cannot be read: ${code}`
}

function invalid(message: string, hint: string): HoldfastError {
  return new HoldfastError('SECRET_INVALID', message, { exitCode: 2, hint })
}
