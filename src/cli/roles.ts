import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { HoldfastError } from '../errors.ts'

export interface RoleContext {
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

interface RoleOptions {
  readonly stateDir: string | undefined
  readonly configDir: string | undefined
  readonly node: string | undefined
  readonly spec: string | undefined
  /** Not null: a gateway without a deployment, with these arguments. */
  readonly standalone: readonly string[] | null
}

/** Each loads only what its process needs. */
const roles = {
  counter: async (_options: RoleOptions, { env, signal }: RoleContext) => {
    const { runCounter } = await import('../counter/main.ts')
    return await runCounter({ env, signal })
  },
  gateway: async (options: RoleOptions, { env, signal }: RoleContext) => {
    if (options.standalone !== null) {
      const { runStandaloneGateway } = await import('./standalone-gateway.ts')
      return await runStandaloneGateway(options.standalone, { env, signal })
    }
    const stateDir = await stateDirectory(options)
    const { runGateway } = await import('../gateway/main.ts')
    return await runGateway({ stateDir, signal, env })
  },
  agent: async (options: RoleOptions, { signal }: RoleContext) => {
    const node = nodeIndex(options.node)
    if (options.configDir !== undefined) return await agentAlone(options.configDir, options, node, signal)
    const stateDir = await stateDirectory(options)
    const { runAgent } = await import('../agent/main.ts')
    const { ensureSupervisor } = await import('../targets/local/ensure-supervisor.ts')
    return await runAgent({ stateDir, node, signal, everySecond: () => ensureSupervisor(stateDir) })
  },
  supervisor: async (options: RoleOptions, { signal }: RoleContext) => {
    const stateDir = await stateDirectory(options)
    const { runSupervisor } = await import('../targets/local/supervisor-main.ts')
    return await runSupervisor({ stateDir, signal })
  },
  /** No role: what the others load, compiled beforehand. */
  'warm-up': async () => {
    const { warmUp } = await import('./warm-up.ts')
    await warmUp()
    return 0
  },
}

export type Role = keyof typeof roles

export function isRole(word: string): word is Role {
  return Object.hasOwn(roles, word)
}

/**
 * Runs one role in the foreground until its signal aborts.
 * @returns its exit code
 */
export async function runRole(role: Role, argv: readonly string[], context: RoleContext): Promise<number> {
  return await roles[role](await parseRoleOptions(role, argv, context), context)
}

/** Of a deployment. */
const none = { stateDir: undefined, configDir: undefined, node: undefined, spec: undefined }

async function parseRoleOptions(
  role: Role,
  argv: readonly string[],
  { env }: RoleContext,
): Promise<RoleOptions> {
  if (role === 'gateway') {
    const { isStandalone } = await import('./standalone-flags.ts')
    if (isStandalone(argv, env)) return { ...none, standalone: argv }
  }
  const options = {
    'state-dir': { type: 'string' },
    config: { type: 'string' },
    spec: { type: 'string' },
    node: { type: 'string' },
  } as const
  try {
    const { values } = parseArgs({ args: [...argv], options, allowPositionals: false })
    const { 'state-dir': stateDir, config: configDir, node, spec } = values
    return { stateDir, configDir, node, spec, standalone: null }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new HoldfastError('USAGE', message, { cause, exitCode: 2, hint: `See: ./holdfast ${role} --help` })
  }
}

/**
 * Given, or the one of the deployment that the spec describes.
 * @throws HoldfastError NOT_RUNNING when nothing was ever brought up there
 */
async function stateDirectory(options: RoleOptions): Promise<string> {
  const stateDir = options.stateDir === undefined ? await deployedIn(options.spec) : resolve(options.stateDir)
  return withTopology(stateDir, 'Bring one up first: ./holdfast up')
}

function withTopology(directory: string, hint: string): string {
  if (existsSync(join(directory, 'topology.json'))) return directory
  throw new HoldfastError('NOT_RUNNING', `there is no deployment in ${directory}`, { exitCode: 2, hint })
}

/** In a container: nobody else looks after it, its configuration is mounted, and its output is all that is collected. */
async function agentAlone(
  config: string,
  { stateDir }: RoleOptions,
  node: number,
  signal: AbortSignal,
): Promise<number> {
  const configDir = withTopology(
    resolve(config),
    '--config names a directory with topology.json and secrets/',
  )
  if (stateDir === undefined) {
    throw new HoldfastError('USAGE', 'agent needs a directory for its state beside --config', {
      exitCode: 2,
      hint: 'For example: agent --config /etc/holdfast --state-dir /var/lib/holdfast --node 0',
    })
  }
  const { runAgent } = await import('../agent/main.ts')
  const { createLogRelay } = await import('../agent/log-relay.ts')
  const logs = ['redis', 'sentinel'].map((server) => join(stateDir, 'logs', `${server}-${String(node)}.log`))
  const relay = createLogRelay(logs, (lines) => {
    process.stdout.write(lines)
  })
  const everySecond = async () => {
    relay()
    await Promise.resolve()
  }
  const code = await runAgent({ stateDir: resolve(stateDir), configDir, node, signal, everySecond })
  relay()
  return code
}

async function deployedIn(spec: string | undefined): Promise<string> {
  const { deployedStateDirectory } = await import('./deployment.ts')
  return await deployedStateDirectory(spec)
}

/** @param text a number, or a name that ends with one, as the pods of a StatefulSet have them */
export function nodeIndex(text: string | undefined): number {
  const [, number] = /^(?:[a-z0-9.-]+-)?(\d)$/.exec(text ?? '') ?? []
  if (number !== undefined) return Number(number)
  throw new HoldfastError('USAGE', 'agent needs the index of its Redis node, from 0', {
    exitCode: 2,
    hint: 'For example: ./holdfast agent --node 0',
  })
}
