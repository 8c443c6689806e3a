import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, statSync } from 'node:fs'
import { constants as systemConstants } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Distributions keep some servers where only root's PATH looks. */
const systemDirectories = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** @returns the path of the first of these programs that is installed, or null */
export function findProgram(names: readonly string[], env: NodeJS.ProcessEnv): string | null {
  const directories = [
    ...(env.PATH ?? '').split(delimiter).filter((entry) => entry !== ''),
    ...systemDirectories,
  ]
  for (const name of names) {
    const found = directories.map((directory) => join(directory, name)).find(isExecutableFile)
    if (found !== undefined) return found
  }
  return null
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** @returns what a short-lived program prints on stdout; empty when it cannot be run or fails */
export async function readOutput(
  program: string,
  args: readonly string[],
  timeoutMs = 5000,
): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { timeout: timeoutMs })).stdout
  } catch {
    return ''
  }
}

export interface RunOptions {
  /** For its stdin. */
  readonly input?: string
  readonly timeoutMs?: number
  /** Instead of this process' own. */
  readonly env?: NodeJS.ProcessEnv
  /** Aborted: it is ended. */
  readonly signal?: AbortSignal
}

/**
 * Runs a short-lived program to its end.
 * @returns what it printed on stdout
 * @throws Error with what it said on stderr
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = '', timeoutMs = 10_000, env, signal }: RunOptions = {},
): Promise<string> {
  const running = promisify(execFile)(program, args, {
    timeout: timeoutMs,
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { signal }),
  })
  // It may end without having read it.
  running.child.stdin?.on('error', () => undefined)
  running.child.stdin?.end(input)
  try {
    return (await running).stdout
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string }
    const [said = ''] = stderr.trim().split('\n')
    throw new Error(`${basename(program)}: ${said === '' ? (error as Error).message : said}`, {
      cause: error,
    })
  }
}

/**
 * Hands the terminal to a program until it ends; Ctrl-C is its own affair then.
 * @returns its exit code, 128 + n when a signal ended it
 */
export async function runInForeground(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  process.removeAllListeners('SIGINT')
  process.on('SIGINT', () => undefined)
  const child = spawn(program, args, { stdio: 'inherit', env })
  const forward = (): boolean => child.kill('SIGTERM')
  process.on('SIGTERM', forward)
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  process.off('SIGTERM', forward)
  return code ?? 128 + (signal === null ? 0 : systemConstants.signals[signal])
}
