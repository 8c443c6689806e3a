import type { AgentState } from '../../agent/api.ts'
import { isForbidden } from '../../kubernetes/api-error.ts'
import { askPod } from '../../kubernetes/tunnel.ts'
import type {
  ConfigMap,
  ContainerStatus,
  CoreEvent,
  Deployment,
  Machine,
  PersistentVolumeClaim,
  Pod,
  Service,
  StatefulSet,
} from '../../render/kubernetes/objects.ts'
import type { Topology } from '../../topology/topology.ts'
import type { NodesSeen } from '../nodes.ts'
import { pathIn, selectorText, type Cluster } from './cluster.ts'
import { readLastLines } from './logs.ts'
import { componentOf, isReadyPod, nodeIndexOf, podName } from './parts.ts'
import { readSecrets } from './secrets.ts'
import { isLate, type PodSurroundings } from './stuck.ts'

/** What was seen of a deployment at one moment; judged by judge.ts. */
export interface ClusterObservation extends NodesSeen {
  readonly nodes: StatefulSet | null
  readonly app: Deployment | null
  readonly gateway: Deployment | null
  readonly pods: readonly Pod[]
  readonly around: PodSurroundings
  /** By pod; a gateway that does not answer is in none. */
  readonly gateways: ReadonlyMap<string, GatewaySeen>
  readonly service: Service | null
  /** Of a machine of the cluster, where a NodePort answers; null: not known. */
  readonly machine: string | null
}

export interface GatewaySeen {
  readonly sessions: number
  readonly parked: number
  readonly primary: string | null
}

const answerMs = 5000

/** Asks the cluster and every node's agent, all at once. @returns null when there is no such deployment */
export async function observe(cluster: Cluster, signal?: AbortSignal): Promise<ClusterObservation | null> {
  const { api, name } = cluster
  const options = signal === undefined ? {} : { signal }
  const labelled = { ...options, query: { labelSelector: selectorText(cluster) } }
  const [config, nodes, deployments, pods, service, machines, secrets] = await Promise.all([
    api.find<ConfigMap>(pathIn(cluster, 'ConfigMap', name), options),
    api.find<StatefulSet>(pathIn(cluster, 'StatefulSet', `${name}-redis`), options),
    api.list<Deployment>(pathIn(cluster, 'Deployment'), labelled),
    api.list<Pod>(pathIn(cluster, 'Pod'), labelled),
    api.find<Service>(pathIn(cluster, 'Service', name), options),
    machinesOf(cluster, signal),
    readSecrets(cluster, signal),
  ])
  const text = config?.data?.['gateway.json']
  if (text === undefined || (nodes === null && deployments.length === 0 && pods.length === 0)) return null
  const topology = JSON.parse(text) as Topology
  const limit = AbortSignal.timeout(answerMs)
  const asked = signal === undefined ? limit : AbortSignal.any([signal, limit])
  const [agents, gateways, around] = await Promise.all([
    Promise.all(
      topology.nodes.map((node) => {
        const pod = pods.find((one) => componentOf(one) === 'redis' && nodeIndexOf(one) === node.index)
        return pod === undefined || secrets === null
          ? Promise.resolve(null)
          : readAgent(cluster, pod, node.agentPort, secrets.internal, asked)
      }),
    ),
    readGateways(cluster, pods, topology.gateway.adminPort, asked),
    lookAround(cluster, pods, signal),
  ])
  signal?.throwIfAborted()
  const named = (wanted: string) => deployments.find(({ metadata }) => metadata?.name === wanted) ?? null
  return {
    topology,
    agents,
    nodes,
    app: named(name),
    gateway: named(`${name}-gateway`),
    pods,
    around,
    gateways,
    service,
    machine: addressOf(machines),
  }
}

export async function readAgent(
  { api, settings }: Cluster,
  pod: Pod,
  port: number,
  internal: string,
  signal: AbortSignal,
): Promise<AgentState | null> {
  if (!isRunning(pod)) return null
  try {
    const { status, body } = await askPod(
      api,
      { namespace: settings.namespace, pod: podName(pod), port },
      { path: '/state', headers: { authorization: `Bearer ${internal}` }, signal },
    )
    return status === 200 ? (JSON.parse(body) as AgentState) : null
  } catch {
    return null
  }
}

async function readGateways(
  { api, settings }: Cluster,
  pods: readonly Pod[],
  port: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, GatewaySeen>> {
  const running = pods.filter((pod) => componentOf(pod) === 'gateway' && isRunning(pod))
  const answers = await Promise.all(
    running.map(async (pod) => {
      const name = podName(pod)
      try {
        const to = { namespace: settings.namespace, pod: name, port }
        const { status, body } = await askPod(api, to, { path: '/status', signal })
        return status === 200 ? ([name, JSON.parse(body) as GatewaySeen] as const) : null
      } catch {
        return null
      }
    }),
  )
  return new Map(answers.filter((answer) => answer !== null))
}

/** Only for pods that are not ready: nothing of it is of interest otherwise. */
async function lookAround(
  cluster: Cluster,
  pods: readonly Pod[],
  signal?: AbortSignal,
): Promise<PodSurroundings> {
  const { api } = cluster
  const options = signal === undefined ? {} : { signal }
  const now = Date.now()
  const unready = pods.filter((pod) => !isReadyPod(pod))
  const expected = pods.length === 0 || unready.length > 0
  const [events, claims, lines] = expected
    ? await Promise.all([
        api.list<CoreEvent>(pathIn(cluster, 'Event'), {
          ...options,
          query: { fieldSelector: 'type=Warning' },
        }),
        api.list<PersistentVolumeClaim>(pathIn(cluster, 'PersistentVolumeClaim'), options),
        Promise.all(
          unready.flatMap((pod) =>
            (pod.status?.containerStatuses ?? []).map((one) => linesOf(cluster, pod, one, now)),
          ),
        ),
      ])
    : [[], [], []]
  const found = new Map(lines)
  return {
    events: events.toSorted((a, b) => whenOf(a).localeCompare(whenOf(b))),
    claims,
    now,
    lastLines: (pod, container) => found.get(`${pod}/${container}`) ?? [],
  }
}

async function linesOf(
  cluster: Cluster,
  pod: Pod,
  container: ContainerStatus,
  now: number,
): Promise<readonly [key: string, lines: readonly string[]]> {
  const key = `${podName(pod)}/${container.name}`
  const isCrashing = container.state?.waiting?.reason === 'CrashLoopBackOff'
  return [
    key,
    isCrashing || isLate(container, now)
      ? await readLastLines(cluster, podName(pod), container.name, isCrashing)
      : [],
  ]
}

/** Whoever may not look at machines does not learn their addresses, and everything else all the same. */
async function machinesOf({ api }: Cluster, signal?: AbortSignal): Promise<readonly Machine[]> {
  try {
    return await api.list<Machine>('/api/v1/nodes', signal === undefined ? {} : { signal })
  } catch (error) {
    if (isForbidden(error)) return []
    throw error
  }
}

function addressOf(machines: readonly Machine[]): string | null {
  const addresses = machines.flatMap(({ status }) => status?.addresses ?? [])
  const of = (type: string) => addresses.find((one) => one.type === type)?.address
  return of('ExternalIP') ?? of('InternalIP') ?? null
}

function isRunning({ status }: Pod): boolean {
  return status?.containerStatuses?.some(({ state }) => state?.running != null) === true
}

function whenOf({ lastTimestamp, eventTime, metadata }: CoreEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? ''
}
