import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '../platform/log.ts'
import { defaultGatewaySettings } from '../spec/gateway-settings.ts'
import { parseDuration } from '../spec/units.ts'
import type { Topology } from '../topology/topology.ts'
import { serve } from './serve.ts'

export interface RunGatewayOptions {
  readonly stateDir: string
  /** Aborted: finish and leave. */
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * The gateway of a deployment, until `signal` is aborted; with HOLDFAST_LINGER (`20s`) it then goes on while clients are there, for
 * that long at most: in a pod all containers are told to end at once. On SIGHUP it takes up the limits and the nodes that topology.json then has.
 * @returns the exit code
 * @throws HoldfastError PORT_IN_USE
 */
export async function runGateway({ stateDir, signal, env }: RunGatewayOptions): Promise<number> {
  const topology = readTopology(stateDir)
  const secret = (name: string): string =>
    readFileSync(join(stateDir, 'secrets', name), 'utf8').replace(/\n$/, '')
  const credentials = { user: 'holdfast', password: secret('internal') }
  const log = createLogger(topology.gateway.name)
  return await serve({
    options: ({ limits, topology: present = topology }) => ({
      topology: present,
      nodeCredentials: credentials,
      sentinelCredentials: credentials,
      passwordRequired: secret('password') !== '',
      log,
      limits,
      ...(env.HOLDFAST_LISTEN_FD === undefined ? {} : { listenFd: Number(env.HOLDFAST_LISTEN_FD) }),
    }),
    read: () => {
      const present = readTopology(stateDir)
      return Promise.resolve({ limits: present.gateway.limits, topology: present })
    },
    log,
    signal,
    lingerMs: parseDuration(env.HOLDFAST_LINGER ?? '') ?? 0,
  })
}

/** One that an older version wrote has no such settings: they are the defaults until the next `up`. */
function readTopology(stateDir: string): Topology {
  const topology = JSON.parse(readFileSync(join(stateDir, 'topology.json'), 'utf8')) as Topology
  return { ...topology, gateway: { ...defaultGatewaySettings, ...topology.gateway } }
}
