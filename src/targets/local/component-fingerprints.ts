import { instanceAddress } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets } from '../target.ts'
import { codeVersion } from './code-version.ts'
import { fingerprint } from './component-specs.ts'

/** What the gateway takes up while it runs, noted beside the fingerprints of the components. */
export const limitsPart = 'gateway-limits'

/** What it would be started with: another one than what it was started with, and it has to be started anew. Holds no secret in the clear. */
export function componentFingerprint(component: string, topology: Topology, secrets: Secrets): string {
  const { name, nodes, majorities, redis, gateway, app, frontDoor } = topology
  const { internal, password } = secrets
  // Agents read the password whenever they start a redis-server; a gateway has no use for it.
  if (component.startsWith('agent-'))
    return fingerprint(name, nodes, majorities, redis, internal, codeVersion('other'))
  if (component === 'gateway') {
    const { limits: _, ...rest } = gateway
    return fingerprint(redis, rest, internal, codeVersion('other'))
  }
  if (component === 'front-door') {
    return fingerprint(
      frontDoor,
      app.healthPath,
      app.command === null,
      gateway.holdMs,
      instanceAddress(topology, 0),
    )
  }
  const { command, directory, env } = app
  const address = instanceAddress(topology, Number(component.slice('app-'.length)))
  return fingerprint(
    command,
    directory,
    env,
    address,
    gateway.host,
    gateway.port,
    redis.db,
    password,
    command === null ? codeVersion('counter') : null,
  )
}

export function limitsFingerprint({ gateway, nodes, majorities }: Topology): string {
  return fingerprint(gateway.limits, nodes, majorities)
}

/** What a redis-server reads when it starts. */
export function serverFingerprint({ redis }: Topology): string {
  return fingerprint(redis)
}
