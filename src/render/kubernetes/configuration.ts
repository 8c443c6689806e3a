import type { Topology } from '../../topology/topology.ts'
import { ownPod } from './containers.ts'
import { limitsKey, limitsYaml } from './existing-redis.ts'
import { portOfApp, type ManifestInput } from './manifest-input.ts'

/** What roles read, by its key in the ConfigMap, and what of each makes it necessary to replace a pod. */
export interface Configuration {
  readonly files: Readonly<Record<string, string>>
  readonly redis: string
  readonly gateway: string
  readonly app: string
}

export function configurationOf(input: ManifestInput): Configuration {
  const { kubernetes, ...topology } = input.topology
  // What agents and gateways do not need is left out: scaling the application must not replace a Redis node.
  const shared: Topology = {
    ...topology,
    app: { command: null, directory: '/', env: {}, healthPath: '/', instances: [] },
  }
  if (kubernetes.existingRedis !== null) return beforeExisting(input, shared)
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

/** Gateways are told everything but their limits as arguments; the topology is for the commands of whoever looks after it. */
function beforeExisting(input: ManifestInput, shared: Topology): Configuration {
  const limits = limitsYaml(input)
  const files = { 'gateway.json': text(shared), [limitsKey]: limits }
  return { files, redis: '', gateway: limits, app: limits + String(portOfApp(input)) }
}

function text(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
