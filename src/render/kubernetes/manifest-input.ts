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

/** Names of objects. Other clients of the namespace know one of them: the Service `redis`. */
export function objectName({ topology: { name } }: ManifestInput, component: Component): string {
  return component === 'app' ? name : `${name}-${component}`
}

/** The Secret with the keys `password` and `internal`. */
export function secretName({ topology: { name, kubernetes } }: ManifestInput): string {
  return kubernetes.existingSecret ?? name
}

export function portOfApp({ topology: { app } }: ManifestInput): number {
  return app.instances[0]?.port ?? 0
}
