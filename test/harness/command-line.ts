import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import type { Status } from '../../src/targets/status.ts'

export const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface CommandResult {
  /** null: ended by a signal. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Holdfast's command line, started in one directory, without colours and without a terminal. */
export function commandLine(directory: () => string) {
  function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    return spawn(process.execPath, [main, ...args], {
      cwd: directory(),
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const child = start(args, env)
    const [stdout, stderr, exitCode] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      exitOf(child),
    ])
    return { exitCode, stdout, stderr }
  }

  async function readStatus(): Promise<Status> {
    return JSON.parse((await run(['status', '--json'])).stdout) as Status
  }

  return { start, run, readStatus }
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  return exitCode
}

/** Addresses for one deployment of this test process, so that two runs of the tests do not meet. */
export function ownAddresses() {
  const slot = process.pid % 200
  const prefix = `127.31.${slot}`
  return {
    network: `${prefix}.0/24`,
    gateway: `${prefix}.101:6379`,
    frontDoor: `${prefix}.100:8480`,
    /** Instances are on 127.0.0.1; with room for scaling. */
    appPort: 20_000 + slot * 50,
  }
}
