import { HoldfastError } from '../../errors.ts'
import type { Deployment, Pod } from '../../render/kubernetes/objects.ts'
import { findPrimary } from '../nodes.ts'
import type { TargetContext } from '../target.ts'
import { askAgent } from './agent.ts'
import { notRunning, pathIn, type Cluster } from './cluster.ts'
import { observe, type ClusterObservation } from './observation.ts'
import { partsOf, podName } from './parts.ts'
import { fieldManager } from './plan.ts'
import { gatewaysMissing, instancesMissing, nodesMissing, waitFor } from './wait-ready.ts'

/** Another manager than that of `up`, which then finds its own number changed and takes it back. */
const byHand = `${fieldManager}-by-hand`

export async function scale(cluster: Cluster, instances: number, context: TargetContext): Promise<void> {
  await requireRunning(cluster, context)
  await cluster.api.merge(
    pathIn(cluster, 'Deployment', cluster.name),
    { spec: { replicas: instances } },
    { query: { fieldManager: byHand }, signal: context.signal },
  )
  await waitFor(cluster, context, instancesMissing)
}

/** Rolls the pods of a Deployment: a new one is there before an old one goes. */
export async function refresh(
  cluster: Cluster,
  what: 'app' | 'gateway',
  context: TargetContext,
): Promise<void> {
  await requireRunning(cluster, context)
  const name = what === 'app' ? cluster.name : `${cluster.name}-gateway`
  await requireDeployment(cluster, name, context)
  // The same annotation as that of kubectl; what `up` applies leaves it alone.
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() }
  await cluster.api.merge(
    pathIn(cluster, 'Deployment', name),
    { spec: { template: { metadata: { annotations } } } },
    { query: { fieldManager: byHand }, signal: context.signal },
  )
  await waitFor(cluster, context, what === 'app' ? instancesMissing : gatewaysMissing)
}

/** @returns the new primary's name */
export async function switchover(
  cluster: Cluster,
  to: string | undefined,
  { signal, progress }: TargetContext,
): Promise<string> {
  const seen = await requireRunning(cluster, { signal })
  const { nodes } = seen.topology
  if (nodes.length === 0) throw notOurs(cluster)
  const target = to === undefined ? undefined : nodes.find(({ name }) => name === to)
  if (to !== undefined && target === undefined) {
    throw new HoldfastError('USAGE', `there is no node ${to}`, {
      hint: `The nodes are ${nodes.map(({ name }) => name).join(', ')}.`,
      exitCode: 2,
    })
  }
  const primary = nodes[findPrimary(seen.agents)?.node ?? -1]
  if (primary === undefined) {
    throw new HoldfastError('SWITCHOVER_FAILED', 'there is no primary that could hand over', {
      hint: './holdfast status',
    })
  }
  if (target?.name === primary.name) return primary.name
  progress.waiting(`${primary.name} to hand over`)
  const body = target === undefined ? {} : { to: target.index }
  const answer = await askAgent(cluster, primary, '/switchover', body, {
    failure: 'SWITCHOVER_FAILED',
    signal,
  })
  return (answer as { primary: string }).primary
}

/** A server is started anew by its agent; what is a pod is replaced. */
export async function restart(cluster: Cluster, component: string, context: TargetContext): Promise<void> {
  const { signal, progress } = context
  const seen = await requireRunning(cluster, context)
  const [, server, index] = /^(redis|sentinel|agent)-(\d+)$/.exec(component) ?? []
  const node = seen.topology.nodes[Number(index)]
  if (server !== undefined && node !== undefined && server !== 'agent') {
    await askAgent(cluster, node, '/restart', { component: server }, { failure: 'BUSY', signal })
    return
  }
  if (component === 'gateway') {
    await refresh(cluster, 'gateway', context)
    return
  }
  if (component === 'front-door') {
    throw new HoldfastError(
      'UNSUPPORTED',
      'the front door is a Service of the cluster, and nothing that runs',
      { exitCode: 2 },
    )
  }
  const wanted = server === 'agent' ? `redis-${index ?? ''}` : component
  if (server !== undefined && seen.topology.nodes.length === 0) throw notOurs(cluster)
  const part = partsOf(seen.pods).find(({ name }) => name === wanted)
  if (part === undefined) {
    throw new HoldfastError('NOT_RUNNING', `${component} does not run`, {
      exitCode: 2,
      hint: './holdfast status',
    })
  }
  if (part.component === 'redis') {
    await waitFor(cluster, context, nodesMissing)
    // Told to end, the agent of a primary hands over first.
    progress.step(`replacing the pod ${podName(part.pod)}, which is ${wanted}, sentinel and agent`)
  }
  const uid = part.pod.metadata?.uid
  await cluster.api.remove(pathIn(cluster, 'Pod', podName(part.pod)), { preconditions: { uid } }, { signal })
  await waitFor(cluster, context, (now) => {
    const isThere = now.seen.pods.some((pod: Pod) => pod.metadata?.uid === uid)
    if (isThere) return `${component} to end`
    return part.component === 'redis'
      ? nodesMissing(now)
      : part.component === 'app'
        ? instancesMissing(now)
        : gatewaysMissing(now)
  })
}

export async function requireRunning(
  cluster: Cluster,
  { signal }: Pick<TargetContext, 'signal'>,
): Promise<ClusterObservation> {
  const seen = await observe(cluster, signal)
  if (seen === null) throw notRunning(cluster)
  return seen
}

function notOurs({ settings: { existingRedis } }: Cluster): HoldfastError {
  const [host = 'SENTINEL', port = '26379'] = existingRedis?.sentinels[0]?.split(':') ?? []
  return new HoldfastError(
    'UNSUPPORTED',
    'the Redis nodes are not of this deployment, which stands before them',
    {
      exitCode: 2,
      hint: `From a pod of the cluster: redis-cli -h ${host} -p ${port} sentinel failover ${existingRedis?.name ?? 'mymaster'}`,
    },
  )
}

async function requireDeployment(cluster: Cluster, name: string, { signal }: TargetContext): Promise<void> {
  if ((await cluster.api.find<Deployment>(pathIn(cluster, 'Deployment', name), { signal })) !== null) return
  throw new HoldfastError('NOT_RUNNING', `there is no Deployment ${name}`, {
    exitCode: 2,
    hint: 'kubernetes.gateways says how many gateways there are.',
  })
}
