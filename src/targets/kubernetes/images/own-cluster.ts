import type { Machine } from '../../../render/kubernetes/objects.ts'

/** A cluster that somebody runs for themselves, which takes images from where they are built, without a registry. */
export type OwnCluster =
  | { readonly maker: 'minikube'; readonly profile: string }
  /** @property provider what its machines are containers of: docker, podman, nerdctl */
  | { readonly maker: 'kind'; readonly cluster: string; readonly provider: string }
  | { readonly maker: 'k3d'; readonly cluster: string }
  /** @property elsewhere its machines other than this one */
  | { readonly maker: 'k3s'; readonly isHere: boolean; readonly elsewhere: readonly string[] }
  /** It runs what docker has built, as it is. */
  | { readonly maker: 'docker-desktop' }

export interface ClusterSigns {
  /** The kube context's name. */
  readonly context: string
  /** Empty: they may not be looked at. */
  readonly machines: readonly Machine[]
  /** Of this machine. */
  readonly hostName: string
}

/**
 * Who made the cluster, by what its machines say of themselves (anybody can name a context as they like), else by the context. Pure.
 * @returns null: none of these; images come from a registry
 */
export function ownCluster({ context, machines, hostName }: ClusterSigns): OwnCluster | null {
  const [first] = machines
  if (first === undefined) return byContext(context)
  const profile = first.metadata?.labels?.['minikube.k8s.io/name']
  if (profile !== undefined) return { maker: 'minikube', profile }
  const { providerID = '' } = first.spec ?? {}
  const [, provider, cluster] = /^kind:\/\/([^/]+)\/([^/]+)\//.exec(providerID) ?? []
  if (provider !== undefined && cluster !== undefined) return { maker: 'kind', cluster, provider }
  if (providerID.startsWith('k3s://') || isK3sKubelet(first)) return ofK3s(machines, hostName)
  if (first.metadata?.name === 'docker-desktop') return { maker: 'docker-desktop' }
  return null
}

function byContext(context: string): OwnCluster | null {
  if (context === 'minikube') return { maker: 'minikube', profile: 'minikube' }
  if (context === 'docker-desktop') return { maker: 'docker-desktop' }
  const [, maker, cluster] = /^(kind|k3d)-(.+)$/.exec(context) ?? []
  if (cluster === undefined) return null
  return maker === 'kind' ? { maker: 'kind', cluster, provider: 'docker' } : { maker: 'k3d', cluster }
}

function isK3sKubelet({ status }: Machine): boolean {
  return status?.nodeInfo?.kubeletVersion.includes('+k3s') === true
}

/** k3d runs k3s in containers that it names after the cluster and their role. */
function ofK3s(machines: readonly Machine[], hostName: string): OwnCluster {
  const names = machines.map(({ metadata }) => metadata?.name ?? '')
  const [, cluster] = /^k3d-(.+)-(?:server|agent)-\d+$/.exec(names[0] ?? '') ?? []
  if (cluster !== undefined) return { maker: 'k3d', cluster }
  const elsewhere = names.filter((name) => name !== hostName.toLowerCase())
  return { maker: 'k3s', isHere: elsewhere.length < names.length, elsewhere }
}

/** For a person: `the kind cluster shop`. */
export function inWords(own: OwnCluster): string {
  switch (own.maker) {
    case 'minikube':
      return `minikube (profile ${own.profile})`
    case 'kind':
    case 'k3d':
      return `the ${own.maker} cluster ${own.cluster}`
    case 'k3s':
      return 'k3s'
    case 'docker-desktop':
      return 'Docker Desktop'
  }
}
