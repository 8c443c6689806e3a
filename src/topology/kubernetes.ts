import type { ExistingRedis, KubernetesSettings } from '../spec/kubernetes-settings.ts'
import type { Topology } from './topology.ts'

/** What a spec comes to on Kubernetes. Nodes are known by the names of their pods, since a pod's address changes. */
export interface KubernetesTopology extends Topology {
  readonly kubernetes: KubernetesSettings
}

const everywhere = '0.0.0.0'

/** The same topology in a cluster: every part has a network of its own, so that all instances have one port. */
export function onKubernetes(topology: Topology, kubernetes: KubernetesSettings): KubernetesTopology {
  const { name, nodes, gateway, app } = topology
  const { namespace, clusterDomain } = kubernetes
  const port = app.instances[0]?.port ?? 0
  const { existingRedis } = kubernetes
  return {
    ...topology,
    ...(existingRedis === null ? {} : beforeExisting(topology, existingRedis)),
    nodes:
      existingRedis === null
        ? nodes.map((node) => ({
            ...node,
            address: `${name}-${node.name}.${name}-redis.${namespace}.svc.${clusterDomain}`,
          }))
        : [],
    gateway: { ...gateway, host: everywhere, adminHost: everywhere },
    app: { ...app, instances: app.instances.map((instance) => ({ ...instance, host: everywhere, port })) },
    frontDoor: { ...topology.frontDoor, host: everywhere },
    kubernetes,
  }
}

/** No nodes are known: the sentinels say at run time where the primary is. */
function beforeExisting(
  { redis }: Topology,
  { sentinels, markersDb }: ExistingRedis,
): Pick<Topology, 'f' | 'quorum' | 'redis'> {
  return {
    f: 0,
    quorum: Math.floor(sentinels.length / 2) + 1,
    redis: { ...redis, databases: markersDb, markersDb },
  }
}
