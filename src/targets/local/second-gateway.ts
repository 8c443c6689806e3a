import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RedisClient } from '../../discovery/redis-client.ts'
import { HoldfastError } from '../../errors.ts'
import { lastLines, makePrivateDirectory, openLog } from '../../platform/files.ts'
import { tagVariable } from '../../platform/managed-process.ts'
import type { Topology } from '../../topology/topology.ts'
import { waitUntil } from '../../verify/waiting.ts'
import { roleSpec } from './component-specs.ts'
import { reachable } from './http-probe.ts'
import { localPaths } from './paths.ts'
import { requireSecrets, requireTopology } from './state-files.ts'

export interface SecondGateway {
  readonly host: string
  readonly port: number
  /** Resolves when it has left. */
  stop(): Promise<void>
}

const mainFile = fileURLToPath(new URL('second-gateway-main.ts', import.meta.url))
const component = 'verify-gateway'
const readyWithinMs = 20_000
const graceMs = 10_000

/**
 * One more gateway before a deployment's nodes, for a drill: with the same settings, on a port of its own, and gone when this
 * process is, however that ends.
 * @throws HoldfastError NOT_RUNNING when there is no deployment, TIMEOUT when it does not answer
 */
export async function startSecondGateway(stateDir: string, signal: AbortSignal): Promise<SecondGateway> {
  const paths = localPaths(stateDir)
  const topology = requireTopology(paths)
  const { password } = requireSecrets(paths)
  const host = reachable(topology.gateway.host)
  const port = await freePortPair(host)
  const directory = join(paths.run, component)
  writeState(
    directory,
    { ...topology, gateway: { ...topology.gateway, host, port, adminHost: host, adminPort: port + 1 } },
    paths.secrets,
  )
  const spec = roleSpec(paths, component, [process.execPath, '--max-semi-space-size=4', mainFile, directory])
  const [program = '', ...args] = spec.argv
  const log = openLog(spec.logFile)
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', log, log],
    cwd: stateDir,
    env: { ...spec.env, [tagVariable]: `${spec.deployment}:${component}` },
  })
  closeSync(log)
  child.on('error', () => undefined)
  child.stdin?.on('error', () => undefined)
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
      child.stdin?.end()
      await exited
      clearTimeout(late)
    }
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await waitUntil('a second gateway that answers', { limitMs: readyWithinMs, signal }, async () => {
      if (child.exitCode !== null) return `it has ended: ${lastLines(spec.logFile, 1).join('')}`
      return await answers(host, port, password)
    })
    return { host, port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function writeState(directory: string, topology: Topology, secrets: string): void {
  rmSync(directory, { recursive: true, force: true })
  makePrivateDirectory(directory)
  writeFileSync(join(directory, 'topology.json'), JSON.stringify(topology), { mode: 0o600 })
  if (existsSync(secrets)) symlinkSync(secrets, join(directory, 'secrets'))
}

/** @returns true, or why not */
function answers(host: string, port: number, password: string): Promise<true | string> {
  return new Promise((resolve) => {
    const credentials = password === '' ? null : { user: 'default', password }
    const client = new RedisClient(
      { host, port, credentials, connectTimeoutMs: 1000, onClose: resolve },
      () => {
        resolve(true)
        client.close('it answers')
      },
    )
  })
}

/** Two neighbours that nobody listens on, for clients and for its health; below those that the system gives out. */
async function freePortPair(host: string): Promise<number> {
  for (let port = 20_000; port < 32_000; port += 2) {
    if ((await isFree(host, port)) && (await isFree(host, port + 1))) return port
  }
  throw new HoldfastError('PORT_IN_USE', `${host} has no two free ports between 20000 and 32000`, {
    exitCode: 2,
  })
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
