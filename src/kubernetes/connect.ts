import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type * as client from '@kubernetes/client-node'
import { HoldfastError } from '../errors.ts'
import { chooseContext } from './choose-context.ts'

/** A cluster, and everything that is needed to be let in. */
export interface Connection {
  readonly context: string
  readonly config: client.KubeConfig
  readonly client: typeof client
}

export interface ConnectOptions {
  readonly env: NodeJS.ProcessEnv
  /** `kubernetes.context` of the spec. */
  readonly allowed: readonly string[]
  /** --context */
  readonly asked: string | undefined
}

/**
 * Reads the kubeconfig as kubectl does, and settles for one of its contexts. Asks no cluster.
 * @throws HoldfastError USAGE, BINARY_MISSING
 */
export async function connect({ env, allowed, asked }: ConnectOptions): Promise<Connection> {
  requireKubeconfig(env)
  const library = await load()
  const config = new library.KubeConfig()
  try {
    config.loadFromDefault()
  } catch (cause) {
    throw new HoldfastError('USAGE', `the kubeconfig cannot be read: ${(cause as Error).message}`, {
      exitCode: 2,
      hint: 'KUBECONFIG names the file; without it, it is ~/.kube/config.',
    })
  }
  const context = chooseContext({
    known: config.getContexts().map(({ name }) => name),
    current: config.getCurrentContext(),
    allowed,
    asked,
  })
  config.setCurrentContext(context)
  if (config.getCurrentCluster() === null) {
    throw new HoldfastError('USAGE', `the kubeconfig has no cluster for the context ${context}`, {
      exitCode: 2,
    })
  }
  return { context, config, client: library }
}

/** Without one the client would take a cluster at localhost:8080 for granted. */
function requireKubeconfig(env: NodeJS.ProcessEnv): void {
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  const files = named.length > 0 ? named : [join(env.HOME ?? homedir(), '.kube', 'config')]
  if (files.some((file) => existsSync(file))) return
  throw new HoldfastError('USAGE', `there is no kubeconfig at ${files.join(', ')}`, {
    exitCode: 2,
    hint: 'It says where the cluster is and who may use it: KUBECONFIG names another file.',
  })
}

/** 85 MB, 0.6 s: brought and loaded only for a cluster. */
async function load(): Promise<typeof client> {
  try {
    return await import('@kubernetes/client-node')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new HoldfastError('BINARY_MISSING', 'the client for Kubernetes is not installed', {
      exitCode: 2,
      hint: './holdfast status --target kubernetes installs it',
    })
  }
}
