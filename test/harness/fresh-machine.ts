import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { SuiteContext, TestContext } from 'node:test'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A just-installed server that is there for one test file. */
export interface FreshMachine {
  readonly name: string
  /** Runs a shell line in a login session of the user, in the user's home. */
  readonly shell: (line: string, user?: string) => Promise<Ran>
  /** Copies a directory (of a git checkout: without what it ignores) to the user's home. */
  readonly copy: (from: string, to: string) => Promise<void>
  /** Where its ports are reached from here. */
  readonly address: string
  /** Orderly; back when it has booted. */
  readonly reboot: () => Promise<void>
  /** Everything dies at once and what was not synced is lost; back when it has booted. */
  readonly cutPower: () => Promise<void>
  readonly remove: () => Promise<void>
}

/** Why there can be no machine here, or false: for the `skip` of a suite. */
export function noFreshMachine(env: NodeJS.ProcessEnv): string | false {
  if (env.FRESH_MACHINE) return false
  return 'FRESH_MACHINE names no directory with the commands up, exec, copy and down'
}

/**
 * Starts a machine of its own name by the commands in `env.FRESH_MACHINE` (up NAME, exec NAME -- ARG…, copy NAME SRC DEST,
 * address NAME, reboot NAME, powercut NAME, down NAME). The caller removes it.
 */
export async function freshMachine(
  env: NodeJS.ProcessEnv,
  t: SuiteContext | TestContext,
): Promise<FreshMachine> {
  const commands = env.FRESH_MACHINE ?? ''
  const name = `holdfast-${process.pid}`
  const command = (program: string, ...args: readonly string[]): Promise<Ran> =>
    run(join(commands, program), args, t.signal)
  const must = async (...args: readonly [string, ...string[]]): Promise<void> => {
    const ran = await command(...args)
    if (ran.status !== 0) throw new Error(`${args.join(' ')} failed:\n${ran.stderr}`)
  }
  await must('up', name)
  return {
    name,
    address: (await command('address', name)).stdout.trim(),
    reboot: () => must('reboot', name),
    cutPower: () => must('powercut', name),
    shell: (line, user = 'ubuntu') => command('exec', name, '--user', user, '--', 'sh', '-c', line),
    copy: (from, to) => must('copy', name, from, to),
    remove: async () => {
      // Not `command`: the signal has fired when a test was cancelled, and the machine has to go all the same.
      await run(join(commands, 'down'), [name])
    },
  }
}

function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 * 1024, ...(signal === undefined ? {} : { signal }) }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ status: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr })
      else resolve({ status: -1, stdout, stderr: `${stderr}${error.message}` })
    })
    child.stdin?.end()
  })
}
