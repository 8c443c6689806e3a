import { defaultGatewaySettings } from './gateway-settings.ts'
import type { GatewayLimits } from './gateway-settings.ts'
import { defaultKubernetesSettings, existingRedisDefaults } from './kubernetes-settings.ts'
import type { KubernetesSettings } from './kubernetes-settings.ts'
import type { Spec, WrittenSpec } from './schema.ts'

const defaultName = 'counter'
const frontDoorDefault = { host: '0.0.0.0', port: 8080 }

/** Fills in every default. */
export function resolveSpec(written: WrittenSpec): Spec {
  const { app = {}, redis = {}, gateway = {}, frontDoor = {}, local = {} } = written
  const frontDoorListen = frontDoor.listen ?? frontDoorDefault
  const command = typeof app.command === 'string' ? ['/bin/sh', '-c', app.command] : (app.command ?? null)
  return {
    name: written.name ?? defaultName,
    target: written.target ?? 'local',
    app: {
      command,
      directory: app.directory ?? '.',
      env: app.env ?? {},
      health: app.health ?? (command === null ? '/ping' : '/'),
      instances: app.instances ?? 3,
      port: app.port ?? frontDoorListen.port + 10_000,
    },
    redis: {
      nodes: redis.nodes ?? 3,
      password: redis.password ?? { kind: 'generate' },
      maxmemoryBytes: redis.maxmemory ?? 0,
      appendfsync: redis.appendfsync ?? 'everysec',
      db: redis.db ?? 0,
    },
    gateway: {
      listen: gateway.listen ?? { host: '127.0.0.1', port: 6379 },
      holdMs: gateway.hold ?? 10_000,
      delivery: gateway.delivery ?? defaultGatewaySettings.delivery,
      // Before a Redis of somebody else's there is no record of who is in sync.
      ack: gateway.ack ?? (written.kubernetes?.existingRedis === undefined ? defaultGatewaySettings.ack : 1),
      reads: gateway.reads ?? defaultGatewaySettings.reads,
      limits: resolveLimits(gateway.limits),
    },
    frontDoor: { listen: frontDoorListen },
    local: {
      network: local.network ?? { first: 0x7f_00_01_00, size: 256 },
      supervisor: local.supervisor ?? 'auto',
    },
    kubernetes: resolveKubernetes(written.name ?? defaultName, written.kubernetes),
  }
}

/** The deployment's own namespace is made for it; one that was named is somebody's already. */
function resolveKubernetes(name: string, written: WrittenSpec['kubernetes'] = {}): KubernetesSettings {
  const { resources = {}, existingRedis, ...settings } = written
  return {
    ...defaultKubernetesSettings,
    ...given(settings),
    namespace: settings.namespace ?? name,
    createNamespace: settings.createNamespace ?? settings.namespace === undefined,
    existingRedis:
      existingRedis === undefined
        ? null
        : { ...existingRedisDefaults, sentinels: existingRedis.sentinels, ...given(existingRedis) },
    resources: { ...defaultKubernetesSettings.resources, ...given(resources) },
  }
}

/** Without what is undefined, which would take the place of a default. */
function given<T extends object>(written: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)) as never
}

function resolveLimits(written: NonNullable<WrittenSpec['gateway']>['limits'] = {}): GatewayLimits {
  const { limits } = defaultGatewaySettings
  return {
    sessions: written.sessions ?? limits.sessions,
    parkedBytes: written.parked ?? limits.parkedBytes,
    allParkedBytes: written.allParked ?? limits.allParkedBytes,
    answerBytes: written.answers ?? limits.answerBytes,
    frameBytes: written.frame ?? limits.frameBytes,
  }
}
