import type { KubernetesSettings } from '../../spec/kubernetes-settings.ts'
import type { KubernetesTopology } from '../../topology/kubernetes.ts'

export interface ManifestInput {
  readonly topology: KubernetesTopology
  /** Of the Secret that is made; null: the topology names one that exists. */
  readonly secrets: { readonly password: string; readonly internal: string } | null
  /** Of Holdfast: the tag of its image. */
  readonly version: string
  /** A short hash of a text: pods are replaced when that of their configuration changes. */
  readonly digest: (text: string) => string
}

/** What an object is part of. */
export type Component = 'redis' | 'gateway' | 'app'

/** Names of objects. */
export function objectName({ topology: { name } }: ManifestInput, component: Component): string {
  return component === 'app' ? name : `${name}-${component}`
}

/**
 * The Service that other clients of the namespace know as REDIS_HOST. An existing Redis may have one named `redis` itself, which is not
 * to be taken over.
 */
export function gatewayServiceName(name: string, { existingRedis }: KubernetesSettings): string {
  return existingRedis === null ? 'redis' : `${name}-gateway`
}

/** Whether the deployment has a Secret of its own among its objects. */
export function makesSecret({ existingSecret, existingRedis }: KubernetesSettings): boolean {
  return existingSecret === null && existingRedis === null
}

/** The Secret with the keys `password` and `internal`; before an existing Redis with the keys that the spec names. */
export function secretName({ topology: { name, kubernetes } }: ManifestInput): string {
  return kubernetes.existingSecret ?? name
}

export function portOfApp({ topology: { app } }: ManifestInput): number {
  return app.instances[0]?.port ?? 0
}
