import type { Capability } from '../../../verify/faults/fault.ts'
import type { Cluster } from '../cluster.ts'
import { openMachines } from './machines.ts'
import { may, rightInWords, type Right } from './rights.ts'

const exec: Right = { verb: 'create', resource: 'pods', subresource: 'exec' }
const deletePods: Right = { verb: 'delete', resource: 'pods' }
const evict: Right = { verb: 'create', resource: 'pods', subresource: 'eviction' }
const deleteClaims: Right = { verb: 'delete', resource: 'persistentvolumeclaims' }
const patchDeployments: Right = { verb: 'patch', group: 'apps', resource: 'deployments' }
const patchMachines: Right = { verb: 'patch', resource: 'nodes' }
const listMachines: Right = { verb: 'list', resource: 'nodes' }

/** Why a capability is lacking in this cluster, for this user, or null: asked, not guessed. */
export async function readCapabilities(
  cluster: Cluster,
): Promise<Readonly<Record<Capability, string | null>>> {
  const { api, settings } = cluster
  const { namespace } = settings
  const lacks = async (right: Right, where: string | null = namespace): Promise<string | null> =>
    (await may(api, where, right))
      ? null
      : `${rightInWords(right)} in ${where === null ? 'this cluster' : `the namespace ${namespace}`}`
  const [signal, pods, evictions, claims, deployments, close, look] = await Promise.all([
    lacks(exec),
    lacks(deletePods),
    lacks(evict),
    lacks(deleteClaims),
    lacks(patchDeployments),
    lacks(patchMachines, null),
    lacks(listMachines, null),
  ])
  const drain = evictions ?? close ?? look
  return {
    signal,
    'signal-app':
      settings.appImage === null
        ? null
        : 'nothing can be done to the processes of an image that is not Holdfast’s; its pod can be deleted: delete-instance',
    sidecars: null,
    restart: pods,
    switchover: null,
    scale: deployments,
    refresh: deployments,
    pods,
    claims: pods ?? claims,
    drain: drain ?? ((await openMachines(cluster)) > 1 ? null : 'no other machine of the cluster takes pods'),
    ...notHere,
  }
}

/** Whether machines can be closed, and opened again. */
export async function mayCloseMachines({ api }: Cluster): Promise<boolean> {
  const [close, look] = await Promise.all([may(api, null, patchMachines), may(api, null, listMachines)])
  return close && look
}

const notHere = {
  network: 'no pod may touch the network of its machine: cables are cut where the machines are',
  delay: 'no pod may touch the network of its machine: cables are cut where the machines are',
  redis: 'nobody in the cluster would take a changed setting back if verify were killed',
  volume: 'a volume of a pod cannot be put aside; its claim can be deleted: delete-volume',
  disk: 'no pod may fill or hold up the disk of its machine',
  'disk-stall': 'no pod may fill or hold up the disk of its machine',
  clock: 'a machine has one clock for everybody on it',
  foreign: 'a strange redis-server would be a pod that nobody removes if verify were killed',
  supervisor: 'what starts things again is the kubelet of a machine, and not this deployment’s',
  'front-door': 'the front door is a Service of the cluster, and nothing that runs',
} as const
