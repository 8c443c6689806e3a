import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import type { Deployment } from '../../render/kubernetes/objects.ts'
import type { Status } from '../status.ts'
import type { TargetContext } from '../target.ts'
import type { Cluster } from './cluster.ts'
import { judge, stuckParts } from './judge.ts'
import { observe, type ClusterObservation } from './observation.ts'
import { isReadyPod, partsOf } from './parts.ts'

/** Of standing still: a cluster that adds machines, pulls images and makes volumes takes minutes. */
const patienceMs = 300_000
/** What does not pass by waiting may still be corrected by somebody, or be read a moment too early. */
const lastingMs = 20_000
const pollMs = 500

export interface Seen {
  readonly seen: ClusterObservation
  readonly status: Status
}

/**
 * Waits for what `missing` names, says what that is, and gives up when a pod is stuck.
 * @param missing null: nothing any more
 * @throws HoldfastError TIMEOUT, which says why
 */
export async function waitFor(
  cluster: Cluster,
  { signal, progress }: TargetContext,
  missing: (now: Seen) => string | null,
): Promise<Seen> {
  let last = { text: '', since: performance.now() }
  let stuckSince: number | null = null
  for (;;) {
    const seen = await observe(cluster, signal)
    if (seen === null) {
      throw new HoldfastError('BUSY', `${cluster.name} was removed by another command`, {
        hint: './holdfast up',
      })
    }
    const now = { seen, status: judge(seen) }
    const text = missing(now)
    if (text === null) return now
    const stuck = stuckParts(seen)
    const [worst] = stuck.toSorted((a, b) => Number(b.isLasting) - Number(a.isLasting))
    progress.waiting(worst === undefined ? text : firstLine(worst.message))
    stuckSince = worst?.isLasting === true ? (stuckSince ?? performance.now()) : null
    if (worst !== undefined && stuckSince !== null && performance.now() - stuckSince > lastingMs) {
      throw new HoldfastError('TIMEOUT', worst.message, { hint: worst.hint })
    }
    if (text !== last.text) last = { text, since: performance.now() }
    if (performance.now() - last.since > patienceMs) {
      const reasons = now.status.problems.map(({ message }) => `\n- ${message}`).join('')
      throw new HoldfastError(
        'TIMEOUT',
        `after ${String(patienceMs / 1000)} s still waiting for ${text}${reasons}`,
        {
          hint: './holdfast doctor says what is wrong; ./holdfast up waits on',
        },
      )
    }
    await delay(pollMs, undefined, { signal })
  }
}

/** In the order in which things come up. */
export function firstMissing(now: Seen): string | null {
  return nodesMissing(now) ?? gatewaysMissing(now) ?? instancesMissing(now)
}

/** Every node runs and is in the in-sync set; before an existing Redis there are none to wait for. */
export function nodesMissing({ seen, status }: Seen): string | null {
  if (seen.topology.nodes.length === 0) return null
  const parts = partsOf(seen.pods).filter(({ component }) => component === 'redis')
  const wanted = seen.topology.nodes.length
  if (parts.length < wanted)
    return `the pods of the Redis nodes: ${String(parts.length)} of ${String(wanted)} are there`
  const silent = seen.agents.findIndex((agent) => agent === null)
  if (silent >= 0) return `redis-${String(silent)} to start`
  if (status.primary === null) return 'a primary'
  const outside = status.nodes.find(({ up, inSync }) => !up || !inSync)
  if (outside !== undefined) return `${outside.name} to be in sync`
  const sentinel = status.nodes.findIndex((node) => !node.sentinel.up)
  if (sentinel >= 0) return `sentinel-${String(sentinel)}`
  const unready = parts.find(({ pod }) => !isReadyPod(pod))
  return unready === undefined ? null : `${unready.name} to be ready`
}

export function gatewaysMissing({ seen }: Seen): string | null {
  return rolloutMissing(seen.gateway, 'gateways')
}

export function instancesMissing({ seen }: Seen): string | null {
  return rolloutMissing(seen.app, 'instances')
}

/** As `kubectl rollout status` reads it. */
function rolloutMissing(workload: Deployment | null, what: string): string | null {
  if (workload === null) return null
  const { spec, metadata, status = {} } = workload
  const wanted = spec?.replicas ?? 0
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status
  if ((status.observedGeneration ?? 0) < (metadata?.generation ?? 0))
    return `the cluster to take up the ${what}`
  if (updatedReplicas < wanted)
    return `${what}: ${String(updatedReplicas)} of ${String(wanted)} are up to date`
  if (replicas > updatedReplicas) return `${what}: ${String(replicas - updatedReplicas)} of before to end`
  if (availableReplicas < wanted)
    return `${what}: ${String(availableReplicas)} of ${String(wanted)} are ready`
  return null
}

/** What is waited for is one line. */
function firstLine(text: string): string {
  return text.split('. Its last lines:')[0] ?? ''
}
