import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { isForbidden } from '../../kubernetes/api-error.ts'
import type { Kind } from '../../kubernetes/paths.ts'
import type { Manifest, Namespace, Pod } from '../../render/kubernetes/objects.ts'
import type { TargetContext } from '../target.ts'
import { pathIn, selectorText, type Cluster } from './cluster.ts'
import { exclusively } from './exclusively.ts'
import { componentOf, podName, type PodComponent } from './parts.ts'

const patienceMs = 180_000
const pollMs = 500

/** What has no data in it, apart from what runs. */
const furniture: readonly Kind[] = [
  'Service',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'ConfigMap',
  'ServiceAccount',
]

/** Stops everything, in the order in which the parts need each other; see Target.remove. */
export async function remove(
  cluster: Cluster,
  { purge }: { readonly purge: boolean },
  context: TargetContext,
): Promise<readonly string[]> {
  const { api, settings } = cluster
  const namespace = await api
    .find<Namespace>(pathIn(cluster, 'Namespace', settings.namespace), { signal: context.signal })
    .catch((error: unknown) => {
      // Who has rights in one namespace only may not look at namespaces.
      if (isForbidden(error)) return undefined
      throw error
    })
  if (namespace === null) return []
  const changes = await exclusively(cluster, context, async (inside) => {
    const done: string[] = []
    const end = async (kind: Kind, what: string, components: readonly PodComponent[]): Promise<void> => {
      if (!(await removeAll(cluster, kind, inside.signal))) return
      await untilGone(cluster, what, components, inside)
      done.push(`the ${what} are stopped`)
    }
    await end('Deployment', 'instances and gateways', ['app', 'gateway'])
    await end('StatefulSet', 'Redis nodes', ['redis'])
    for (const kind of furniture)
      if (await removeAll(cluster, kind, inside.signal)) done.push(`${kind}s are removed`)
    if (purge && (await removeAll(cluster, 'PersistentVolumeClaim', inside.signal)))
      done.push('the volumes are removed')
    if (purge && (await removeAll(cluster, 'Secret', inside.signal))) done.push('the secrets are removed')
    return done
  })
  const isOwn = namespace?.metadata?.labels?.['app.kubernetes.io/instance'] === cluster.name
  if (!purge || !settings.createNamespace || !isOwn) return changes
  await api.remove(pathIn(cluster, 'Namespace', settings.namespace), undefined, { signal: context.signal })
  return [...changes, `the namespace ${settings.namespace} is removed`]
}

/** @returns whether there was anything */
async function removeAll(cluster: Cluster, kind: Kind, signal: AbortSignal): Promise<boolean> {
  const { api } = cluster
  const found = await api.list<Manifest>(pathIn(cluster, kind), {
    query: { labelSelector: selectorOf(cluster, kind) },
    signal,
  })
  for (const { metadata } of found)
    await api.remove(
      pathIn(cluster, kind, metadata?.name ?? ''),
      { propagationPolicy: 'Background' },
      { signal },
    )
  return found.length > 0
}

/** Claims carry only what can never change. */
function selectorOf(cluster: Cluster, kind: Kind): string {
  return kind === 'PersistentVolumeClaim'
    ? `app.kubernetes.io/instance=${cluster.name},app.kubernetes.io/component=redis`
    : selectorText(cluster)
}

async function untilGone(
  cluster: Cluster,
  what: string,
  components: readonly PodComponent[],
  { signal, progress }: TargetContext,
): Promise<void> {
  const since = performance.now()
  for (;;) {
    const pods = await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), {
      query: { labelSelector: selectorText(cluster) },
      signal,
    })
    const left = pods.filter((pod) => components.some((component) => componentOf(pod) === component))
    if (left.length === 0) return
    progress.waiting(`the ${what} to end`)
    if (performance.now() - since > patienceMs) {
      const names = left.map((pod) => `${podName(pod)} on ${pod.spec?.nodeName ?? 'no machine'}`).join(', ')
      throw new HoldfastError('TIMEOUT', `after ${String(patienceMs / 1000)} s there still are ${names}`, {
        hint: 'Is that machine away? ./holdfast down goes on from here',
      })
    }
    await delay(pollMs, undefined, { signal })
  }
}
