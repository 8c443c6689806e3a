import type { Topology } from '../../topology/topology.ts'
import { portOfApp, type ManifestInput } from './manifest-input.ts'

/** The topologies that roles read, by their key in the ConfigMap, and what of each makes it necessary to replace a pod. */
export interface Configuration {
  readonly files: { readonly 'gateway.json': string; readonly 'beside.json': string }
  readonly redis: string
  readonly gateway: string
  readonly app: string
}

/** Of the gateway beside an instance: reached from its own pod only. */
const ownPod = '127.0.0.1'

export function configurationOf(input: ManifestInput): Configuration {
  const { kubernetes: _, ...topology } = input.topology
  // What agents and gateways do not need is left out: scaling the application must not replace a Redis node.
  const shared: Topology = {
    ...topology,
    app: { command: null, directory: '/', env: {}, healthPath: '/', instances: [] },
  }
  const { name, nodes, f, quorum, redis, gateway } = shared
  const files = {
    'gateway.json': text(shared),
    'beside.json': text({ ...shared, gateway: { ...gateway, host: ownPod } }),
  }
  return {
    files,
    redis: text({ name, nodes, f, quorum, redis, sessions: gateway.limits.sessions }),
    gateway: files['gateway.json'],
    app: files['beside.json'] + String(portOfApp(input)),
  }
}

function text(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
