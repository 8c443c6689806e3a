import type { Manifest, PodDisruptionBudget, StatefulSet } from '../../render/kubernetes/objects.ts'

/** Of the API server, `1.MINOR`. */
export interface ClusterVersion {
  readonly minor: number
}

/**
 * The rendered objects as `up` applies them. Two things differ from what is printed for kubectl: `up` itself replaces the Redis nodes one
 * by one, since the cluster does not know who is the primary; and server-side apply refuses what an old API server does not know.
 */
export function fitted(objects: readonly Manifest[], { minor }: ClusterVersion): readonly Manifest[] {
  return objects.map((object) => {
    if (object.kind === 'StatefulSet') return onDelete(object)
    if (object.kind === 'PodDisruptionBudget' && minor < 26) return withoutEvictionPolicy(object)
    return object
  })
}

function onDelete(nodes: StatefulSet): StatefulSet {
  if (nodes.spec === undefined) return nodes
  return { ...nodes, spec: { ...nodes.spec, updateStrategy: { type: 'OnDelete' } } }
}

function withoutEvictionPolicy(budget: PodDisruptionBudget): PodDisruptionBudget {
  const { unhealthyPodEvictionPolicy: _, ...spec } = budget.spec ?? {}
  return { ...budget, spec }
}

/** @param text as the API server has it: `20`, `27+` */
export function readMinor(text: string | undefined): number {
  const minor = Number.parseInt(text ?? '', 10)
  return Number.isNaN(minor) ? 0 : minor
}
