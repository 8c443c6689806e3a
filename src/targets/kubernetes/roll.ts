import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { Pod, StatefulSet } from '../../render/kubernetes/objects.ts'
import type { TargetContext } from '../target.ts'
import { askAgent } from './agent.ts'
import { pathIn, type Cluster } from './cluster.ts'
import { componentOf, isReadyPod, nodeIndexOf, podName } from './parts.ts'
import { nodesMissing, waitFor, type Seen } from './wait-ready.ts'

const handOverAttempts = 5
const betweenAttemptsMs = 3000

/**
 * Replaces the Redis nodes' pods that are not as the StatefulSet says now, one at a time: the replicas first, each only when all others
 * are in sync, and the primary last, after it has handed over. When this ends early nothing goes on by itself, and the next `up` does.
 * @returns what was done, one line each
 */
export async function rollNodes(cluster: Cluster, context: TargetContext): Promise<readonly string[]> {
  const changes: string[] = []
  let refusals = 0
  for (;;) {
    const revision = await currentRevision(cluster, context)
    // What is broken and outdated is what a change is to mend: nothing waits for it.
    const now = await waitFor(cluster, context, (seen) =>
      broken(seen, revision) === undefined ? nodesMissing(seen) : null,
    )
    const next = broken(now, revision) ?? nextToReplace(outdated(now, revision), now.status.primary)
    if (next === undefined) return changes
    const name = `redis-${String(nodeIndexOf(next))}`
    if (name === now.status.primary && broken(now, revision) === undefined) {
      try {
        await handOver(cluster, now, next, context)
      } catch (error) {
        // It changes nothing: the sentinels may not agree yet right after a pod came back, or the primary is another one by now.
        if (!isRefused(error) || ++refusals >= handOverAttempts) throw error
        await delay(betweenAttemptsMs, undefined, { signal: context.signal })
      }
      // It is a replica now, or still to be asked: looked at anew.
      continue
    }
    await replace(cluster, next, name, context)
    changes.push(`${name} was replaced`)
  }
}

/** The replicas first, from the highest number; the primary last. Pure. */
export function nextToReplace(pods: readonly Pod[], primary: string | null): Pod | undefined {
  const isPrimary = (pod: Pod) => Number(`redis-${String(nodeIndexOf(pod))}` === primary)
  return pods.toSorted((a, b) => isPrimary(a) - isPrimary(b) || nodeIndexOf(b) - nodeIndexOf(a))[0]
}

function outdated({ seen }: Seen, revision: string): readonly Pod[] {
  return outdatedNodes(seen.pods, revision)
}

/** @param revision of the StatefulSet as it is now */
export function outdatedNodes(pods: readonly Pod[], revision: string): readonly Pod[] {
  return pods.filter(
    (pod) =>
      componentOf(pod) === 'redis' &&
      pod.metadata?.deletionTimestamp == null &&
      pod.metadata?.labels?.['controller-revision-hash'] !== revision,
  )
}

/** One that runs no Redis which anything depends on: it never came up. */
function broken(now: Seen, revision: string): Pod | undefined {
  return outdated(now, revision).find(
    (pod) => !isReadyPod(pod) && now.seen.agents[nodeIndexOf(pod)] == null && hasNotStarted(pod),
  )
}

function hasNotStarted({ status }: Pod): boolean {
  return status?.containerStatuses?.every(({ state }) => state?.running == null) ?? true
}

async function currentRevision(cluster: Cluster, context: TargetContext): Promise<string> {
  const path = pathIn(cluster, 'StatefulSet', `${cluster.name}-redis`)
  for (;;) {
    const { metadata, status } = await cluster.api.get<StatefulSet>(path, { signal: context.signal })
    const isSeen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0)
    if (isSeen && status?.updateRevision !== undefined) return status.updateRevision
    context.progress.waiting('the cluster to take up the Redis nodes')
    await delay(200, undefined, { signal: context.signal })
  }
}

async function handOver(
  cluster: Cluster,
  { seen }: Seen,
  pod: Pod,
  { signal, progress }: TargetContext,
): Promise<void> {
  const node = seen.topology.nodes[nodeIndexOf(pod)]
  if (node === undefined) return
  progress.waiting(`${node.name} to hand over`)
  const answer = await askAgent(cluster, node, '/switchover', {}, { failure: 'SWITCHOVER_FAILED', signal })
  progress.step(
    `the primary is ${(answer as { primary: string }).primary}, so that ${node.name} can be replaced`,
  )
}

function isRefused(error: unknown): boolean {
  return (
    error instanceof HoldfastError && (error.code === 'SWITCHOVER_FAILED' || error.code === 'NOT_RUNNING')
  )
}

async function replace(cluster: Cluster, pod: Pod, name: string, context: TargetContext): Promise<void> {
  context.progress.step(`replacing ${name}`)
  const uid = pod.metadata?.uid
  await cluster.api.remove(
    pathIn(cluster, 'Pod', podName(pod)),
    // If somebody else has replaced it meanwhile, it is not replaced again.
    { preconditions: { uid } },
    { signal: context.signal },
  )
  await waitFor(cluster, context, (now) => {
    const there = now.seen.pods.find((one) => podName(one) === podName(pod))
    if (there === undefined || there.metadata?.uid === uid) return `${name} to come back`
    return nodesMissing(now)
  }).catch((error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error
    throw new HoldfastError(
      error.code,
      `${name} does not come back, and no other is touched: ${error.message}`,
      {
        hint: `${error.hint ?? ''}\nThen ./holdfast up goes on.`,
        cause: error.cause,
      },
    )
  })
}
