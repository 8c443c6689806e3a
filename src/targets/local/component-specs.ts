import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../../platform/run-program.ts'
import type { ManagedSpec } from '../../platform/managed-process.ts'
import { instanceAddress } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets } from '../target.ts'
import type { LocalPaths } from './paths.ts'

/** What a role is started with. */
export interface Code {
  /** Absolute paths. */
  readonly node: string
  readonly main: string
}

const ownCode: Code = {
  node: process.execPath,
  main: fileURLToPath(new URL('../../cli/main.ts', import.meta.url)),
}

/** What is common to programs of any kind: where to find others, home, language. */
function basicEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'NODE_COMPILE_CACHE', 'HOLDFAST_LOG_LEVEL'] as const
  const entries = kept.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}

/**
 * MiB of the young generation. A small one costs these processes nothing that can be measured, and saves some 15 MB each; the
 * gateway takes a tenth less time for a command with 4, and none less with more (bench/README.md).
 */
const semiSpace = { gateway: 4, others: 1 }

export function roleArgv(role: string, args: readonly string[], { node, main } = ownCode): string[] {
  const mebibytes = role === 'gateway' ? semiSpace.gateway : semiSpace.others
  return [node, `--max-semi-space-size=${mebibytes}`, main, role, ...args]
}

export function roleSpec(paths: LocalPaths, component: string, argv: readonly string[]): ManagedSpec {
  return {
    component,
    deployment: paths.stateDir,
    argv,
    env: basicEnvironment(),
    cwd: paths.stateDir,
    logFile: paths.log(component),
    umask: 0o077,
  }
}

export function agentSpec(paths: LocalPaths, node: number): ManagedSpec {
  const argv = roleArgv('agent', ['--state-dir', paths.stateDir, '--node', String(node)])
  return roleSpec(paths, `agent-${String(node)}`, argv)
}

export function gatewaySpec(paths: LocalPaths, listenFd: number | null): ManagedSpec {
  const spec = roleSpec(paths, 'gateway', roleArgv('gateway', ['--state-dir', paths.stateDir]))
  if (listenFd === null) return spec
  return { ...spec, env: { ...spec.env, HOLDFAST_LISTEN_FD: '3' }, extraFds: [listenFd] }
}

export function frontDoorSpec(paths: LocalPaths, listenFd: number | null): ManagedSpec {
  const program = findProgram(['haproxy'], process.env) ?? 'haproxy'
  const spec = roleSpec(paths, 'front-door', [program, '-db', '-f', paths.haproxyCfg])
  return listenFd === null ? spec : { ...spec, extraFds: [listenFd] }
}

/** One copy of the application: it knows its port and where its Redis is, which is the gateway. */
export function instanceSpec(
  paths: LocalPaths,
  topology: Topology,
  secrets: Secrets,
  index: number,
): ManagedSpec {
  const { app } = topology
  const component = `app-${String(index)}`
  const spec = roleSpec(paths, component, app.command ?? roleArgv('counter', []))
  return {
    ...spec,
    env: { ...spec.env, ...instanceVariables(topology, secrets, index) },
    ...(app.command === null ? {} : { cwd: app.directory, umask: 0o022 }),
  }
}

/** Holds the password. */
export function instanceVariables(
  topology: Topology,
  secrets: Secrets,
  index: number,
): Record<string, string> {
  const { app, gateway, redis } = topology
  const { host, port } = instanceAddress(topology, index)
  return {
    ...app.env,
    PORT: String(port),
    HOST: host,
    REDIS_HOST: gateway.host === '0.0.0.0' ? '127.0.0.1' : gateway.host,
    REDIS_PORT: String(gateway.port),
    REDIS_PASSWORD: secrets.password,
    REDIS_DB: String(redis.db),
  }
}

/** What makes it necessary to start a component anew when it changes. Holds no secret in the clear. */
export function fingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
