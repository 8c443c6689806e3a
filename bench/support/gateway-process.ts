import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GatewaySettings } from '../../src/spec/gateway-settings.ts'
import { roleArgv } from '../../src/targets/local/component-specs.ts'
import { localPaths } from '../../src/targets/local/paths.ts'
import { requireTopology } from '../../src/targets/local/state-files.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { startChild } from './children.ts'
import { freePorts } from './free-ports.ts'
import { ask } from './ask.ts'
import { until } from './until.ts'

export interface GatewayProcess {
  readonly host: string
  readonly port: number
  readonly pid: number
  /** SIGTERM, as a deployment ends it; resolves when it has left. */
  readonly stop: () => Promise<void>
}

export interface GatewayProcessOptions {
  /** Of the deployment whose nodes it is before. */
  readonly stateDir: string
  readonly host: string
  readonly password: string
  /** Where they differ from the deployment's. */
  readonly settings?: Partial<GatewaySettings>
  /** Directory that its CPU profile is written into when it ends. */
  readonly profile?: string | undefined
  readonly nodeOptions?: readonly string[]
}

const graceMs = 10_000

/** One more gateway before a deployment's nodes, started as the deployment starts its own, with settings of its own. */
export async function startGatewayProcess(
  scope: AsyncDisposableStack,
  { stateDir, host, password, settings = {}, profile, nodeOptions = [] }: GatewayProcessOptions,
): Promise<GatewayProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-gateway-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const topology = requireTopology(localPaths(stateDir))
  const port = await freePorts(host, 2)
  const own: Topology = {
    ...topology,
    gateway: { ...topology.gateway, ...settings, host, port, adminHost: host, adminPort: port + 1 },
  }
  await writeFile(join(directory, 'topology.json'), JSON.stringify(own))
  await symlink(join(stateDir, 'secrets'), join(directory, 'secrets'))
  const [program = '', ...args] = roleArgv('gateway', ['--state-dir', directory])
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = startChild(scope, program, [...profiling, ...nodeOptions, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) console.error(`a gateway ended with ${code}: ${said}`)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  await until('a gateway that answers', 20_000, 50, async () => {
    if (child.exitCode !== null) return `it has ended: ${said}`
    const pong = await ask({ host, port, password }, ['PING'])
    return pong === '"PONG"' ? { pong } : pong
  })
  return {
    host,
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      const exited = once(child, 'exit', { signal: AbortSignal.timeout(graceMs) })
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** What a gateway is told so that it only passes on: nothing is recorded, waited for or confirmed. */
export const passThrough: Partial<GatewaySettings> = { delivery: 'at-most-once', ack: 0, reads: 'fast' }

/** Resident memory in KiB. */
export async function residentKib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? NaN)
}
