import { createHash } from 'node:crypto'
import { HoldfastError } from '../../errors.ts'
import { isConflict } from '../../kubernetes/api-error.ts'
import { namespace, secret } from '../../render/kubernetes/access.ts'
import { imageName } from '../../render/kubernetes/image-name.ts'
import { makesSecret, type ManifestInput } from '../../render/kubernetes/manifest-input.ts'
import { manifests } from '../../render/kubernetes/manifests.ts'
import type { Manifest, Namespace, Pod, StatefulSet } from '../../render/kubernetes/objects.ts'
import { onKubernetes } from '../../topology/kubernetes.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets, TargetContext } from '../target.ts'
import { pathIn, selectorText, type Cluster } from './cluster.ts'
import { exclusively } from './exclusively.ts'
import { fitted, readMinor } from './fit.ts'
import { bringImages } from './images/bring.ts'
import { applied, inWords, plan, type PlannedChange } from './plan.ts'
import { podName } from './parts.ts'
import { outdatedNodes, rollNodes } from './roll.ts'
import { requireSameRedis } from './same-redis.ts'
import { secretNameOf, settleSecret } from './secrets.ts'
import { firstMissing, gatewaysMissing, instancesMissing, waitFor } from './wait-ready.ts'

export interface Desired {
  readonly topology: Topology
  /** null: generated, or in a Secret that somebody else makes. */
  readonly password: string | null
  readonly version: string
  /** Made when they are needed. */
  readonly secrets: () => Secrets
}

/** Brings the cluster to the topology; see Target.apply. */
export async function apply(
  cluster: Cluster,
  desired: Desired,
  context: TargetContext,
): Promise<readonly string[]> {
  const input = inputOf(cluster, desired)
  const brought = await bringImages(cluster, imageName(cluster.settings.image, desired.version), context)
  const made = await makeNamespace(cluster, input, context)
  const changes = await exclusively(cluster, context, (inside) =>
    applyInside(cluster, desired, input, inside),
  )
  return [...brought, ...made, ...changes]
}

/** What `apply` would change. */
export async function planOf(
  cluster: Cluster,
  desired: Desired,
  signal: AbortSignal,
): Promise<readonly PlannedChange[]> {
  await requireSameRedis(cluster, desired, signal)
  const changes = await plan(cluster, await objectsOf(cluster, inputOf(cluster, desired), signal), signal)
  const isThere =
    (await cluster.api.find(pathIn(cluster, 'Secret', secretNameOf(cluster)), { signal })) !== null
  const isMade = !isThere && makesSecret(cluster.settings)
  return [
    ...(isMade
      ? [{ kind: 'Secret', name: cluster.name, action: 'create', object: null, lines: [] } as const]
      : []),
    ...changes,
    ...(await leftToReplace(cluster, signal)),
  ]
}

/** What an `up` that was interrupted has left: nodes that are still as they were before. */
async function leftToReplace(cluster: Cluster, signal: AbortSignal): Promise<readonly PlannedChange[]> {
  const nodes = await cluster.api.find<StatefulSet>(pathIn(cluster, 'StatefulSet', `${cluster.name}-redis`), {
    signal,
  })
  const revision = nodes?.status?.updateRevision
  if (revision === undefined) return []
  const query = { labelSelector: selectorText(cluster) }
  const pods = await cluster.api.list<Pod>(pathIn(cluster, 'Pod'), { query, signal })
  return outdatedNodes(pods, revision).map((pod) => ({
    kind: 'Pod',
    name: podName(pod),
    action: 'change',
    object: null,
    lines: ['is replaced: it is not yet as its StatefulSet says'],
  }))
}

async function applyInside(
  cluster: Cluster,
  desired: Desired,
  input: ManifestInput,
  context: TargetContext,
): Promise<readonly string[]> {
  const { signal, progress } = context
  await requireSameRedis(cluster, desired, signal)
  const wanted = makesSecret(cluster.settings) ? () => secret(input, desired.secrets()) : null
  const changes: string[] = []
  const did = (line: string): void => {
    progress.step(line)
    changes.push(line)
  }
  if (await settleSecret(cluster, wanted, desired.password, signal)) did(`Secret ${cluster.name} is new`)
  const planned = await plan(cluster, await objectsOf(cluster, input, signal), signal)
  const carry = async (of: (change: PlannedChange) => boolean): Promise<boolean> => {
    const chosen = planned.filter(of)
    for (const change of chosen) {
      await carryOut(cluster, change, signal)
      did(inWords(change))
    }
    return chosen.length > 0
  }
  const isFirst = planned.some(({ kind, action }) => kind === 'StatefulSet' && action === 'create')
  const isDeployment = ({ kind, action }: PlannedChange) => kind === 'Deployment' && action !== 'remove'
  await carry((change) => change.action !== 'remove' && !isDeployment(change))
  if (isFirst) await carry(isDeployment)
  else {
    // One kind after the other, so that at no time two things of one request are replaced.
    if (input.topology.nodes.length > 0) changes.push(...(await rollNodes(cluster, context)))
    const isOfApp = ({ name }: PlannedChange) => name === cluster.name
    if (await carry((change) => isDeployment(change) && !isOfApp(change)))
      await waitFor(cluster, context, gatewaysMissing)
    if (await carry((change) => isDeployment(change) && isOfApp(change)))
      await waitFor(cluster, context, instancesMissing)
  }
  await carry(({ action }) => action === 'remove')
  await waitFor(cluster, context, firstMissing)
  return changes
}

async function carryOut(
  cluster: Cluster,
  { kind, name, object }: PlannedChange,
  signal: AbortSignal,
): Promise<void> {
  if (object === null)
    await cluster.api.remove(pathIn(cluster, kind, name), { propagationPolicy: 'Background' }, { signal })
  else await applied(cluster, object, false, signal)
}

/** Before the lock, which is in it. */
async function makeNamespace(cluster: Cluster, input: ManifestInput, { signal, progress }: TargetContext) {
  if (!cluster.settings.createNamespace) return []
  const name = cluster.settings.namespace
  const found = await cluster.api.find<Namespace>(pathIn(cluster, 'Namespace', name), { signal })
  if (found?.status?.phase === 'Terminating') {
    throw new HoldfastError('BUSY', `the namespace ${name} is being removed`, {
      exitCode: 2,
      hint: 'Do this again in a minute.',
    })
  }
  if (found !== null) return []
  await applied(cluster, namespace(input), false, signal).catch((error: unknown) => {
    if (!isConflict(error)) throw error
  })
  const line = `Namespace ${name} is new`
  progress.step(line)
  return [line]
}

function inputOf({ settings }: Cluster, { topology, version }: Desired): ManifestInput {
  return {
    topology: onKubernetes(topology, settings),
    // It is made once, apart from the others, and never applied.
    secrets: null,
    version,
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 16),
  }
}

async function objectsOf(
  { api }: Cluster,
  input: ManifestInput,
  signal: AbortSignal,
): Promise<readonly Manifest[]> {
  const { minor } = await api.get<{ readonly minor?: string }>('/version', { signal })
  return fitted(manifests(input), { minor: readMinor(minor) })
}
