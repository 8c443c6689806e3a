import { stringify } from 'yaml'
import type { ExistingRedis } from '../../spec/kubernetes-settings.ts'
import { writeDuration, writeLimits } from '../../spec/write.ts'
import type { EnvVar, Volume } from './objects.ts'
import type { ManifestInput } from './manifest-input.ts'

/** Where a gateway before an existing Redis finds what it is not told as an argument, below its directory. */
const files = { limits: 'limits.yaml', redis: 'secrets/redis', sentinel: 'secrets/sentinel' } as const

/** The key of the limits in the ConfigMap. */
export const limitsKey = files.limits

/** As `gateway --limits` reads them. */
export function limitsYaml({ topology: { gateway } }: ManifestInput): string {
  return stringify({ gateway: { limits: writeLimits(gateway.limits) } })
}

/** The role `gateway` before sentinels, as docs/standalone.md has it. @param host where clients connect */
export function standaloneArguments(
  { topology: { gateway } }: ManifestInput,
  { sentinels, name, markersDb }: ExistingRedis,
  host: string,
  directory: string,
): string[] {
  const flags = {
    sentinels: sentinels.join(','),
    name,
    listen: `${host}:${String(gateway.port)}`,
    'admin-listen': `${gateway.adminHost}:${String(gateway.adminPort)}`,
    delivery: gateway.delivery,
    ack: String(gateway.ack),
    reads: gateway.reads,
    hold: writeDuration(gateway.holdMs),
    'markers-db': String(markersDb),
    limits: `${directory}/${files.limits}`,
  }
  return ['gateway', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])]
}

/** Passwords come as files: a variable could be read by whoever may look at the pod's processes. */
export function passwordFiles(
  { topology: { kubernetes } }: ManifestInput,
  { sentinelPasswordKey }: ExistingRedis,
  directory: string,
): EnvVar[] {
  if (kubernetes.existingSecret === null) return []
  const file = (whose: string, path: string) => ({
    name: `HOLDFAST_${whose}_PASSWORD_FILE`,
    value: `${directory}/${path}`,
  })
  return [
    file('REDIS', files.redis),
    ...(sentinelPasswordKey === null ? [] : [file('SENTINEL', files.sentinel)]),
  ]
}

export function standaloneSources(
  { topology: { name, kubernetes } }: ManifestInput,
  { passwordKey, sentinelPasswordKey }: ExistingRedis,
): NonNullable<NonNullable<Volume['projected']>['sources']> {
  const items = [
    { key: passwordKey, path: files.redis },
    ...(sentinelPasswordKey === null ? [] : [{ key: sentinelPasswordKey, path: files.sentinel }]),
  ]
  return [
    { configMap: { name, items: [{ key: files.limits, path: files.limits }] } },
    ...(kubernetes.existingSecret === null ? [] : [{ secret: { name: kubernetes.existingSecret, items } }]),
  ]
}
