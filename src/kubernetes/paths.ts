/** Where the API has the kinds that Holdfast uses. Asking a cluster for it would be a question for every start. */
const kinds = {
  Namespace: { base: '/api/v1', plural: 'namespaces' },
  Secret: { base: '/api/v1', plural: 'secrets' },
  ConfigMap: { base: '/api/v1', plural: 'configmaps' },
  ServiceAccount: { base: '/api/v1', plural: 'serviceaccounts' },
  Service: { base: '/api/v1', plural: 'services' },
  Pod: { base: '/api/v1', plural: 'pods' },
  Event: { base: '/api/v1', plural: 'events' },
  Node: { base: '/api/v1', plural: 'nodes' },
  PersistentVolumeClaim: { base: '/api/v1', plural: 'persistentvolumeclaims' },
  StatefulSet: { base: '/apis/apps/v1', plural: 'statefulsets' },
  Deployment: { base: '/apis/apps/v1', plural: 'deployments' },
  ReplicaSet: { base: '/apis/apps/v1', plural: 'replicasets' },
  PodDisruptionBudget: { base: '/apis/policy/v1', plural: 'poddisruptionbudgets' },
  NetworkPolicy: { base: '/apis/networking.k8s.io/v1', plural: 'networkpolicies' },
  Lease: { base: '/apis/coordination.k8s.io/v1', plural: 'leases' },
  StorageClass: { base: '/apis/storage.k8s.io/v1', plural: 'storageclasses' },
} as const

export type Kind = keyof typeof kinds

/** Those that are in no namespace. */
const clusterWide: ReadonlySet<string> = new Set<Kind>(['Namespace', 'Node', 'StorageClass'])

export function isKind(word: string | undefined): word is Kind {
  return word !== undefined && Object.hasOwn(kinds, word)
}

/**
 * @param name left out: all of the kind
 * @param part `log`, `scale`
 */
export function pathOf(kind: Kind, namespace: string, name?: string, part?: string): string {
  const { base, plural } = kinds[kind]
  const place = clusterWide.has(kind) ? base : `${base}/namespaces/${encodeURIComponent(namespace)}`
  return [
    place,
    plural,
    ...[name, part].flatMap((word) => (word === undefined ? [] : [encodeURIComponent(word)])),
  ].join('/')
}
