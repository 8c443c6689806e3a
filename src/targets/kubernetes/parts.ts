import type { Pod } from '../../render/kubernetes/objects.ts'

export type PodComponent = 'redis' | 'gateway' | 'app'

/** A pod with the name that Holdfast's commands have for it. */
export interface Part {
  /** `redis-0`, `gateway-0`, `app-0` */
  readonly name: string
  readonly component: PodComponent
  readonly pod: Pod
}

/**
 * Names for pods: a Redis node's is its own; the others are counted from the oldest, so that a name stays while its pod does. Those that
 * are ending have none.
 */
export function partsOf(pods: readonly Pod[]): readonly Part[] {
  const living = pods.filter(({ metadata }) => metadata?.deletionTimestamp == null)
  const byAge = living.toSorted(
    (a, b) => ageKey(a).localeCompare(ageKey(b)) || podName(a).localeCompare(podName(b)),
  )
  const counted = (component: 'gateway' | 'app'): Part[] =>
    byAge
      .filter((pod) => componentOf(pod) === component && !isOver(pod))
      .map((pod, index) => ({ name: `${component}-${String(index)}`, component, pod }))
  const nodes = living
    .filter((pod) => componentOf(pod) === 'redis')
    .map((pod): Part => ({ name: `redis-${String(nodeIndexOf(pod))}`, component: 'redis', pod }))
  return [
    ...nodes.toSorted((a, b) => nodeIndexOf(a.pod) - nodeIndexOf(b.pod)),
    ...counted('gateway'),
    ...counted('app'),
  ]
}

/** An evicted pod stays as a record of what happened. */
function isOver({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded'
}

export function podName({ metadata }: Pod): string {
  return metadata?.name ?? ''
}

export function nodeIndexOf(pod: Pod): number {
  return Number(/-(\d+)$/.exec(podName(pod))?.[1] ?? -1)
}

export function componentOf({ metadata }: Pod): PodComponent | null {
  const component = metadata?.labels?.['app.kubernetes.io/component']
  return component === 'redis' || component === 'gateway' || component === 'app' ? component : null
}

export function isReadyPod({ metadata, status }: Pod): boolean {
  if (metadata?.deletionTimestamp != null) return false
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
}

function ageKey({ metadata }: Pod): string {
  return metadata?.creationTimestamp ?? ''
}
