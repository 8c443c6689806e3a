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

async function parseRoleOptions(
  role: Role,
  argv: readonly string[],
  { env }: RoleContext,
): Promise<RoleOptions> {
  if (role === 'gateway') {
    const { isStandalone } = await import('./standalone-flags.ts')
    if (isStandalone(argv, env))
      return { stateDir: undefined, node: undefined, spec: undefined, standalone: argv }
  }
  const options = {
    'state-dir': { type: 'string' },
    spec: { type: 'string' },
    node: { type: 'string' },
  } as const
  try {
    const { values } = parseArgs({ args: [...argv], options, allowPositionals: false })
    return { stateDir: values['state-dir'], node: values.node, spec: values.spec, standalone: null }
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
  if (existsSync(join(stateDir, 'topology.json'))) return stateDir
  throw new HoldfastError('NOT_RUNNING', `there is no deployment in ${stateDir}`, {
    exitCode: 2,
    hint: 'Bring one up first: ./holdfast up',
  })
}

async function deployedIn(spec: string | undefined): Promise<string> {
  const { deployedStateDirectory } = await import('./deployment.ts')
  return await deployedStateDirectory(spec)
}

function nodeIndex(text: string | undefined): number {
  if (text !== undefined && /^\d$/.test(text)) return Number(text)
  throw new HoldfastError('USAGE', 'agent needs the index of its Redis node, from 0', {
    exitCode: 2,
    hint: 'For example: ./holdfast agent --node 0',
  })
}
