import { HoldfastError } from '../../errors.ts'
import type { ClusterApi } from '../../kubernetes/api.ts'
import { pathOf, type Kind } from '../../kubernetes/paths.ts'
import type { KubernetesSettings } from '../../spec/kubernetes-settings.ts'

/** One deployment in one cluster. */
export interface Cluster {
  readonly api: ClusterApi
  /** Of the deployment. */
  readonly name: string
  readonly settings: KubernetesSettings
}

/** Everything of the deployment, by the labels that the manifests carry. */
export function selectorText({ name }: Pick<Cluster, 'name'>): string {
  return `app.kubernetes.io/instance=${name},app.kubernetes.io/name=holdfast`
}

export function pathIn({ settings }: Cluster, kind: Kind, name?: string, part?: string): string {
  return pathOf(kind, settings.namespace, name, part)
}

/** Where it is, for a person. */
export function placeOf({ api, settings }: Cluster): string {
  return `namespace ${settings.namespace} of ${api.context}`
}

export function noNamespace({ settings: { namespace } }: Cluster, cause: unknown): HoldfastError {
  return new HoldfastError('NOT_RUNNING', `there is no namespace ${namespace}`, {
    exitCode: 2,
    hint: `kubectl create namespace ${namespace}, or kubernetes.createNamespace: true in the spec`,
    cause,
  })
}

export function notRunning(cluster: Cluster): HoldfastError {
  return new HoldfastError('NOT_RUNNING', `${cluster.name} does not run in the ${placeOf(cluster)}`, {
    exitCode: 2,
    hint: './holdfast up',
  })
}
