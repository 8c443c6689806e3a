import { isConflict, isNotFound, ApiError } from '../../../kubernetes/api-error.ts'
import type { Pod } from '../../../render/kubernetes/objects.ts'
import { waitUntil } from '../../../verify/waiting.ts'
import { pathIn, selectorText, type Cluster } from '../cluster.ts'
import { partsOf, podName, type Part } from '../parts.ts'

/** A pod has its grace period, and its object stays for a while after it. */
const goneWithinMs = 180_000

export async function listPods(cluster: Cluster, signal?: AbortSignal): Promise<readonly Pod[]> {
  const query = { labelSelector: selectorText(cluster) }
  return await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), {
    query,
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Deletes the pods of these parts (`redis-0`, `gateway-1`, `app-0`), all at once. @returns once they are gone */
export async function deletePods(
  cluster: Cluster,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const pods = partsOf(await listPods(cluster, signal)).filter(({ name }) => names.includes(name))
  await Promise.all(pods.map(({ pod }) => deletePod(cluster, pod, signal)))
  await untilGone(cluster, pods, signal)
}

/** A Redis node's pod and its volume claim: whatever replaces them finds nothing. */
export async function deleteWithClaim(cluster: Cluster, index: number, signal: AbortSignal): Promise<void> {
  const pods = partsOf(await listPods(cluster, signal)).filter(
    ({ name }) => name === `redis-${String(index)}`,
  )
  const claims = pods.flatMap(({ pod }) =>
    (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
      claim == null ? [] : [claim.claimName],
    ),
  )
  // It goes when the pod has gone, and not before: https://kubernetes.io/docs/concepts/storage/persistent-volumes/
  for (const claim of claims)
    await cluster.api.remove(pathIn(cluster, 'PersistentVolumeClaim', claim), undefined, { signal })
  await Promise.all(pods.map(({ pod }) => deletePod(cluster, pod, signal)))
  await untilGone(cluster, pods, signal)
}

/** Evicts this deployment's pods from a machine, one after the other where its budgets say so. @returns once they are gone */
export async function evictFrom(
  cluster: Cluster,
  machine: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pods = partsOf(await listPods(cluster, signal)).filter(({ pod }) => pod.spec?.nodeName === machine)
  await Promise.all(
    pods.map(({ name, pod }) =>
      waitUntil(`the eviction of ${name}`, { limitMs: goneWithinMs, signal, everyMs: 500 }, () =>
        evict(cluster, pod, signal),
      ),
    ),
  )
  await untilGone(cluster, pods, signal)
  return pods.map(({ name }) => name)
}

async function deletePod(cluster: Cluster, pod: Pod, signal: AbortSignal): Promise<void> {
  const uid = pod.metadata?.uid
  try {
    await cluster.api.remove(pathIn(cluster, 'Pod', podName(pod)), { preconditions: { uid } }, { signal })
  } catch (error) {
    // Replaced by another one already.
    if (!isConflict(error)) throw error
  }
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ @returns why it has to wait */
async function evict(cluster: Cluster, pod: Pod, signal: AbortSignal): Promise<true | string> {
  const path = pathIn(cluster, 'Pod', podName(pod), 'eviction')
  const metadata = { name: podName(pod), namespace: cluster.settings.namespace }
  // Before 1.22 the API server knows the second one only, and from 1.25 on the first one only.
  for (const apiVersion of ['policy/v1', 'policy/v1beta1']) {
    try {
      await cluster.api.create(path, { apiVersion, kind: 'Eviction', metadata }, { signal })
      return true
    } catch (error) {
      if (isNotFound(error) && (await isGone(cluster, pod, signal))) return true
      if (!(error instanceof ApiError)) throw error
      if (error.status === 429) return error.message
      if (apiVersion === 'policy/v1beta1') throw error
    }
  }
  return true
}

async function isGone(cluster: Cluster, pod: Pod, signal: AbortSignal): Promise<boolean> {
  const found = await cluster.api.find<Pod>(pathIn(cluster, 'Pod', podName(pod)), { signal })
  return found?.metadata?.uid !== pod.metadata?.uid
}

async function untilGone(cluster: Cluster, parts: readonly Part[], signal: AbortSignal): Promise<void> {
  const uids = new Set(parts.map(({ pod }) => pod.metadata?.uid))
  const what = `${parts.map(({ name }) => name).join(', ')} gone`
  await waitUntil(what, { limitMs: goneWithinMs, signal, everyMs: 300 }, async () => {
    const left = (await listPods(cluster, signal)).filter(({ metadata }) => uids.has(metadata?.uid))
    return left.length === 0 || `${left.map(podName).join(', ')} still there`
  })
}
