import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'

import { HoldfastError } from '../errors.ts'
import { parseSpec } from './parse.ts'
import type { Spec, TargetName } from './schema.ts'

export interface LoadedSpec {
  readonly spec: Spec
  /** Absolute. */
  readonly file: string
  /** Absolute: where relative paths of the spec start, and where the state directory is. */
  readonly directory: string
}

/** A spec is some hundred bytes; more is another file given by mistake. */
const limitBytes = 1 << 20

/**
 * Reads a spec from its file.
 * @param target instead of what the file says
 * @throws HoldfastError SPEC_NOT_FOUND, SPEC_INVALID
 */
export async function loadSpec(path: string, target?: TargetName): Promise<LoadedSpec> {
  const file = resolve(path)
  const shown = shorter(relative(process.cwd(), file), file)
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw unreadable(shown, cause)
  }
  if (bytes.length > limitBytes)
    throw notText(shown, `is ${bytes.length} bytes long; a spec has at most ${limitBytes}`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw notText(shown, 'is not UTF-8 text')
  }
  return { spec: parseSpec(text, shown, target), file, directory: dirname(file) }
}

function unreadable(file: string, cause: unknown): HoldfastError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new HoldfastError('SPEC_NOT_FOUND', `there is no spec at ${file}`, {
      cause,
      exitCode: 2,
      hint: 'Name it with --spec FILE, or write one: an empty file is enough, it means all defaults (docs/spec.md).',
    })
  }
  const why = code === 'EISDIR' ? 'is a directory' : code === 'EACCES' ? 'may not be read by this user' : code
  return new HoldfastError('SPEC_NOT_FOUND', `the spec ${file} cannot be read: it ${why}`, {
    cause,
    exitCode: 2,
  })
}

function notText(file: string, why: string): HoldfastError {
  return new HoldfastError('SPEC_INVALID', `${file} ${why}`, {
    exitCode: 2,
    hint: 'Is this the file you meant?',
  })
}

function shorter(a: string, b: string): string {
  return a.length < b.length && a !== '' ? a : b
}
