import type { PodDisruptionBudget } from './objects.ts'
import { objectName, type Component, type ManifestInput } from './manifest-input.ts'
import { metadata, selectorOf } from './metadata.ts'

/**
 * One at a time. A Redis node counts as available while it is in the in-sync set, so that a drain waits for one that is not; of the
 * others a pod that does not work is in nobody's way (versions before 1.27 do not know that, and wait for it, too).
 */
export function disruptionBudget(input: ManifestInput, component: Component): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(input, objectName(input, component), component),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(input, component) },
      ...(component === 'redis' ? {} : { unhealthyPodEvictionPolicy: 'AlwaysAllow' }),
    },
  }
}
