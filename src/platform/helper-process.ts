import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { HoldfastError } from '../errors.ts'
import { openLog } from './files.ts'
import { tagVariable, type ManagedSpec } from './managed-process.ts'

export interface HelperSpec extends ManagedSpec {
  /** One line for its stdin, which stays open behind it. */
  readonly input: string
  readonly gid?: number
}

/** A process that ends by itself once this one has gone: it reads a pipe from here, and the system closes that in any case. */
export interface HelperProcess {
  readonly pid: number
  /** The line that it said when it was ready. */
  readonly said: string
  /** Closes its stdin; resolves when it has ended. */
  end(): Promise<void>
}

const readyWithinMs = 10_000

/**
 * Starts a helper in a session of its own, where no Ctrl-C reaches it, and waits for its first line.
 * @throws HoldfastError INTERNAL when it ends without one
 */
export async function spawnHelper(spec: HelperSpec): Promise<HelperProcess> {
  const [program = '', ...args] = spec.argv
  const log = openLog(spec.logFile)
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', log],
    env: { ...spec.env, [tagVariable]: `${spec.deployment}:${spec.component}` },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  closeSync(log)
  const { stdin, stdout, pid } = child
  if (stdin === null || stdout === null) throw new HoldfastError('INTERNAL', `${spec.component}: no pipes`)
  stdin.on('error', () => undefined)
  stdin.write(`${spec.input}\n`)
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve()
    })
  })
  const said = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer)
      const hint = `See ${spec.logFile}.`
      reject(new HoldfastError('INTERNAL', `${spec.component} does not start: ${why}`, { hint }))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail('it said nothing')
    }, readyWithinMs)
    child.once('error', (error) => {
      fail(error.message)
    })
    child.once('exit', (code, signal) => {
      fail(`it ended (${String(code ?? signal)})`)
    })
    createInterface({ input: stdout }).once('line', (line) => {
      clearTimeout(timer)
      resolve(line)
    })
  })
  child.unref()
  // They are sockets here: without this they would keep this process from ending.
  for (const pipe of [stdin, stdout]) (pipe as unknown as { unref(): void }).unref()
  return {
    pid: pid ?? 0,
    said,
    end: async () => {
      stdin.end()
      child.ref()
      await exited
    },
  }
}
