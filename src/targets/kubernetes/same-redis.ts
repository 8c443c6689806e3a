import { HoldfastError } from '../../errors.ts'
import type { ConfigMap, StatefulSet } from '../../render/kubernetes/objects.ts'
import type { Topology } from '../../topology/topology.ts'
import { pathIn, type Cluster } from './cluster.ts'

/**
 * Neither how many Redis nodes there are nor whose they are can be changed: the data is in them.
 * @throws HoldfastError UNSUPPORTED
 */
export async function requireSameRedis(
  cluster: Cluster,
  { topology }: { readonly topology: Topology },
  signal: AbortSignal,
): Promise<void> {
  const [nodes, config] = await Promise.all([
    cluster.api.find<StatefulSet>(pathIn(cluster, 'StatefulSet', `${cluster.name}-redis`), { signal }),
    cluster.api.find<ConfigMap>(pathIn(cluster, 'ConfigMap', cluster.name), { signal }),
  ])
  const problem = whatDiffers(
    { own: nodes?.spec?.replicas ?? null, isBeforeExisting: isBeforeExisting(config) },
    cluster.settings.existingRedis === null ? topology.nodes.length : null,
  )
  if (problem === null) return
  throw new HoldfastError('UNSUPPORTED', problem.message, { hint: problem.hint, exitCode: 2 })
}

/**
 * @param found `own`: Redis nodes of the deployment; null: none
 * @param wanted Redis nodes by the spec; null: an existing Redis
 * @returns null: nothing
 */
export function whatDiffers(
  found: { readonly own: number | null; readonly isBeforeExisting: boolean },
  wanted: number | null,
): { readonly message: string; readonly hint: string } | null {
  const { own } = found
  if (wanted === null) {
    if (own === null) return null
    return {
      message: `the deployment has ${String(own)} Redis nodes with its data, and the spec names an existing Redis`,
      hint: 'Give the new deployment another name, or take kubernetes.existingRedis out of the spec.',
    }
  }
  if (own !== null && own !== wanted) {
    return {
      message: `the deployment has ${String(own)} Redis nodes, the spec says ${String(wanted)}: the number cannot be changed`,
      hint: `Set redis.nodes back to ${String(own)}, or give the new deployment another name.`,
    }
  }
  if (own !== null || !found.isBeforeExisting) return null
  return {
    message:
      'the deployment stands before an existing Redis, and the spec names none: new nodes would be empty',
    hint: 'If that is meant: ./holdfast down, then ./holdfast up. Otherwise put kubernetes.existingRedis back.',
  }
}

function isBeforeExisting(config: ConfigMap | null): boolean {
  const text = config?.data?.['gateway.json']
  return text !== undefined && (JSON.parse(text) as Topology).nodes.length === 0
}
