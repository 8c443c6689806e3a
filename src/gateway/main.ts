import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '../platform/log.ts'
import type { Topology } from '../topology/topology.ts'
import { startGateway } from './gateway.ts'

export interface RunGatewayOptions {
  readonly stateDir: string
  /** Aborted: finish and leave. */
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
}

const graceMs = 5000

/**
 * The gateway of a deployment, until `signal` is aborted.
 * @returns the exit code
 * @throws HoldfastError PORT_IN_USE
 */
export async function runGateway({ stateDir, signal, env }: RunGatewayOptions): Promise<number> {
  const topology = JSON.parse(readFileSync(join(stateDir, 'topology.json'), 'utf8')) as Topology
  const secret = (name: string): string =>
    readFileSync(join(stateDir, 'secrets', name), 'utf8').replace(/\n$/, '')
  const credentials = { user: 'holdfast', password: secret('internal') }
  const gateway = await startGateway({
    topology,
    nodeCredentials: credentials,
    sentinelCredentials: credentials,
    passwordRequired: secret('password') !== '',
    log: createLogger(topology.gateway.name),
    ...(env.HOLDFAST_LISTEN_FD === undefined ? {} : { listenFd: Number(env.HOLDFAST_LISTEN_FD) }),
  })
  if (!signal.aborted)
    await new Promise<void>((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true },
      )
    })
  await gateway.stop(graceMs)
  return 0
}
