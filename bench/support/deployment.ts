import { execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findManaged } from '../../src/platform/managed-process.ts'
import type { Status } from '../../src/targets/status.ts'
import { localTarget } from '../../src/targets/local/target.ts'
import type { Target } from '../../src/targets/target.ts'
import { freePorts } from './free-ports.ts'
import { until } from './until.ts'

const launcher = join(import.meta.dirname, '../../holdfast')
const name = 'bench'

/** A default deployment as a user has it, on addresses and ports of its own; not started yet. */
export interface BenchDeployment {
  readonly stateDir: string
  readonly url: string
  readonly target: Target
  /** Runs `./holdfast`; rejects unless it exits 0. @returns what it printed on stderr, and how long it took */
  holdfast(...args: readonly string[]): Promise<{ readonly stderr: string; readonly tookMs: number }>
  healthy(options?: { readonly askEveryMs?: number }): Promise<Status>
  /** Stops it and removes its data. */
  purge(): Promise<void>
}

export interface BenchDeploymentOptions {
  /** `127.90.1`: the first three bytes of all its addresses. */
  readonly network: string
  /** Added to the environment of every command, and so of every process that it starts. */
  readonly env?: Readonly<Record<string, string>>
}

export async function createDeployment(
  scope: AsyncDisposableStack,
  { network, env = {} }: BenchDeploymentOptions,
): Promise<BenchDeployment> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'))
  const specFile = join(directory, 'holdfast.yaml')
  const stateDir = join(directory, '.holdfast', name)
  const host = `${network}.200`
  const [gatewayPort, frontDoorPort, appPort] = [
    await freePorts(host, 2),
    await freePorts(host, 1),
    await freePorts('127.0.0.1', 3),
  ]
  const running = new Set<ChildProcess>()
  const target = localTarget({ stateDir, name })

  const holdfast: BenchDeployment['holdfast'] = (...args) => {
    if (scope.disposed) throw new Error('interrupted')
    return command(running, [...args, '--spec', specFile], { ...process.env, ...env })
  }
  const remove = async () => {
    for (const child of running) {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    const context = {
      progress: { step: () => undefined, waiting: () => undefined },
      signal: new AbortController().signal,
    }
    try {
      await target.remove({ purge: true }, context)
    } finally {
      for (const left of findManaged(stateDir)) await left.stop({ graceMs: 0 })
      await rm(directory, { recursive: true, force: true })
    }
  }
  scope.defer(remove)
  await writeFile(
    specFile,
    `name: ${name}
app: { port: ${appPort} }
gateway: { listen: "${host}:${gatewayPort}" }
frontDoor: { listen: "${host}:${frontDoorPort}" }
local: { network: ${network}.0/24 }
`,
  )
  return {
    stateDir,
    url: `http://${host}:${frontDoorPort}`,
    target,
    holdfast,
    healthy: ({ askEveryMs = 50 } = {}) =>
      until('a healthy deployment', 60_000, askEveryMs, async () => {
        const status = await target.observe()
        return status.state === 'healthy' ? status : `${status.state}: ${JSON.stringify(status.problems)}`
      }),
    purge: async () => {
      await holdfast('down', '--purge', '--yes')
    },
  }
}

function command(running: Set<ChildProcess>, args: readonly string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ readonly stderr: string; readonly tookMs: number }>((resolve, reject) => {
    const beganMs = performance.now()
    const child = execFile(launcher, args, { env, timeout: 180_000 }, (error, _stdout, stderr) => {
      running.delete(child)
      if (error === null) resolve({ stderr, tookMs: performance.now() - beganMs })
      else reject(new Error(`./holdfast ${args.join(' ')} failed: ${stderr}`))
    })
    running.add(child)
  })
}
