import { findPrimary, nodeStatuses } from '../nodes.ts'
import { nodeProblems } from '../node-problems.ts'
import type { GatewayStatus, InstanceStatus, NodeStatus, Problem, Status } from '../status.ts'
import type { ClusterObservation } from './observation.ts'
import { isReadyPod, partsOf, podName, type Part } from './parts.ts'
import { whyStuck, type PodProblem } from './stuck.ts'

/** What an observation means. Pure. */
export function judge(seen: ClusterObservation): Status {
  const { topology } = seen
  const parts = partsOf(seen.pods)
  const reigning = findPrimary(seen.agents)
  const nodes = nodeStatuses(seen).map((node) => withPod(node, parts))
  const problems = [
    ...stuckParts(seen),
    ...(topology.nodes.length > 0 ? quiet(seen, nodes) : withoutPrimary(seen, parts)),
    ...missingParts(seen, parts, stuckNames(seen)),
  ]
  const instances = instancesOf(parts, topology.frontDoor.port)
  const hasNodes = topology.nodes.length > 0
  const isAnswered = (reigning !== null || !hasNodes) && instances.some(({ healthy }) => healthy)
  return {
    name: topology.name,
    target: 'kubernetes',
    state: !isAnswered ? 'down' : problems.length === 0 ? 'healthy' : 'degraded',
    primary: reigning === null ? null : (topology.nodes[reigning.node]?.name ?? null),
    epoch: reigning?.reign?.number ?? 0,
    nodes,
    gateways: gatewaysOf(seen, parts),
    instances,
    frontDoor: { url: urlOf(seen), up: instances.some(({ healthy }) => healthy) },
    problems: problems.map(({ code, message, hint }) => ({ code, message, hint })),
  }
}

/** What keeps pods from being ready, with the names of their parts. */
export function stuckParts({ pods, around }: ClusterObservation): readonly PodProblem[] {
  return partsOf(pods).flatMap(({ name, pod }) => whyStuck(name, pod, around) ?? [])
}

/** A node whose pod is known to be stuck does not answer, which is no news. */
function quiet(seen: ClusterObservation, nodes: readonly NodeStatus[]): readonly Problem[] {
  const stuck = stuckNames(seen)
  return nodeProblems(seen, nodes, findPrimary(seen.agents)).filter(
    ({ code, message }) => code !== 'AGENT_DOWN' || !stuck.some((name) => message.endsWith(` ${name}`)),
  )
}

/** Of an existing Redis only the gateways know anything. */
function withoutPrimary({ gateways }: ClusterObservation, parts: readonly Part[]): readonly Problem[] {
  const lost = parts.filter(({ pod }) => gateways.get(podName(pod))?.primary === null)
  return lost.map(({ name }) => ({
    code: 'NO_PRIMARY',
    message: `${name} has no primary: what is written waits`,
    hint: `./holdfast logs ${name} says what its sentinels answer`,
  }))
}

function stuckNames({ pods, around }: ClusterObservation): readonly string[] {
  return partsOf(pods)
    .filter(({ name, pod }) => whyStuck(name, pod, around) !== null)
    .map(({ name }) => name)
}

function missingParts(
  { nodes, app, gateway, around }: ClusterObservation,
  parts: readonly Part[],
  stuck: readonly string[],
): readonly Problem[] {
  const count = (component: Part['component']) =>
    parts.filter((part) => part.component === component && isReadyPod(part.pod)).length
  const wanted = [
    { component: 'redis', what: 'Redis nodes', workload: nodes },
    { component: 'gateway', what: 'gateways', workload: gateway },
    { component: 'app', what: 'instances', workload: app },
  ] as const
  return wanted.flatMap(({ component, what, workload }): Problem[] => {
    const number = workload?.spec?.replicas ?? 0
    const there = count(component)
    if (there >= number || stuck.some((name) => name.startsWith(`${component}-`))) return []
    const owner = workload?.metadata?.name ?? ''
    const refused = around.events.findLast(
      ({ reason, involvedObject }) =>
        reason === 'FailedCreate' && involvedObject.name?.startsWith(owner) === true,
    )?.message
    const message = `${String(there)} of ${String(number)} ${what} are ready${refused === undefined ? '' : `: ${refused}`}`
    return [{ code: 'NOT_READY', message, hint: './holdfast status --watch shows how it goes on' }]
  })
}

function withPod(node: NodeStatus, parts: readonly Part[]): NodeStatus {
  const part = parts.find(({ name }) => name === node.name)
  return part === undefined ? node : { ...node, ...placeOf(part) }
}

function gatewaysOf({ gateways, topology }: ClusterObservation, parts: readonly Part[]): GatewayStatus[] {
  return parts
    .filter(({ component }) => component === 'gateway')
    .map((part) => {
      const answer = gateways.get(podName(part.pod))
      return {
        name: part.name,
        address: addressOf(part, topology.gateway.port),
        ...placeOf(part),
        up: answer !== undefined,
        sessions: answer?.sessions ?? 0,
        parked: answer?.parked ?? 0,
      }
    })
}

function instancesOf(parts: readonly Part[], port: number): InstanceStatus[] {
  return parts
    .filter(({ component }) => component === 'app')
    .map((part) => {
      const app = part.pod.status?.containerStatuses?.find(({ name }) => name === 'app')
      const ports = part.pod.spec?.containers.find(({ name }) => name === 'app')?.ports
      return {
        name: part.name,
        address: addressOf(part, ports?.[0]?.containerPort ?? port),
        ...placeOf(part),
        up: app?.state?.running != null,
        healthy: isReadyPod(part.pod),
      }
    })
}

function addressOf({ pod }: Part, port: number): string {
  return `${pod.status?.podIP ?? ''}:${String(port)}`
}

function placeOf({ pod }: Part): { readonly pod: string; readonly machine?: string } {
  const machine = pod.spec?.nodeName
  return { pod: podName(pod), ...(machine === undefined ? {} : { machine }) }
}

/** Where the application answers, as far as the cluster says: its load balancer, a port of a machine, or its name inside. */
function urlOf({ service, machine, topology }: ClusterObservation): string {
  const port = service?.spec?.ports?.[0]
  const balancer = service?.status?.loadBalancer?.ingress?.[0]
  const host = balancer?.ip ?? balancer?.hostname
  if (host !== undefined) return `http://${host}:${String(port?.port ?? 0)}`
  if (port?.nodePort != null && machine !== null) return `http://${machine}:${String(port.nodePort)}`
  const { name = '', namespace = '' } = service?.metadata ?? {}
  return service === null
    ? ''
    : `http://${name}.${namespace}.svc:${String(port?.port ?? topology.frontDoor.port)}`
}
