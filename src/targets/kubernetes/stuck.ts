import type {
  ContainerStatus,
  CoreEvent,
  PersistentVolumeClaim,
  Pod,
} from '../../render/kubernetes/objects.ts'
import type { Problem } from '../status.ts'
import { isReadyPod, podName } from './parts.ts'

/** What is known of a pod beside itself. */
export interface PodSurroundings {
  /** Warnings of the namespace, the newest last. */
  readonly events: readonly CoreEvent[]
  readonly claims: readonly PersistentVolumeClaim[]
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The last lines that a container wrote. */
  readonly lastLines: (pod: string, container: string) => readonly string[]
}

/** A container that runs has this long to become ready before anybody wonders. */
const youngMs = 15_000

export function isLate({ ready, state }: ContainerStatus, now: number): boolean {
  return !ready && now - Date.parse(state?.running?.startedAt ?? '') > youngMs
}

/** Does not pass by waiting: somebody has to change something. */
export interface PodProblem extends Problem {
  readonly isLasting: boolean
}

/** What keeps a pod from being ready, in words; null: nothing but time, or it is ready. Pure. */
export function whyStuck(name: string, pod: Pod, around: PodSurroundings): PodProblem | null {
  if (isReadyPod(pod) || pod.metadata?.deletionTimestamp != null) return null
  return (
    unscheduled(name, pod, around) ??
    firstOf(containersOf(pod), (container) => waiting(name, pod, container, around)) ??
    unmounted(name, pod, around) ??
    firstOf(containersOf(pod), (container) => failingProbe(name, pod, container, around))
  )
}

function unscheduled(name: string, pod: Pod, around: PodSurroundings): PodProblem | null {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status !== 'False') return null
  const why = scheduled.message ?? 'the scheduler does not say why'
  const unbound = claimsOf(pod, around).find(({ status }) => status?.phase !== 'Bound')
  const claimed =
    unbound === undefined
      ? undefined
      : lastWarning(around.events, 'PersistentVolumeClaim', unbound.metadata?.name)
  if (unbound !== undefined && (claimed !== undefined || /unbound|PersistentVolumeClaim|volume/i.test(why))) {
    const message = `${name} has no volume: its claim ${unbound.metadata?.name ?? ''} is not bound (${claimed ?? why})`
    const hint = 'kubernetes.storageClass names a class of the cluster: kubectl get storageclass'
    return problem('VOLUME_UNBOUND', message, hint, true)
  }
  return problem(
    'NO_MACHINE',
    `no machine takes ${name}: ${why}`,
    'Add or free a machine, or change kubernetes.resources, nodeSelector, tolerations or spread.',
    false,
  )
}

function waiting(
  name: string,
  pod: Pod,
  container: ContainerStatus,
  around: PodSurroundings,
): PodProblem | null {
  const { reason = '', message = '' } = container.state?.waiting ?? {}
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'InvalidImageName':
    case 'ErrImageNeverPull': {
      const event = lastWarning(around.events, 'Pod', podName(pod), /pull/i) ?? message
      return problem(
        'IMAGE_PULL',
        `${name} cannot get its image ${container.image}: ${event}`,
        'make image push brings it to the registry of its name, or into minikube, kind, k3d or k3s. kubernetes.image names it, kubernetes.imagePullSecrets lets the cluster in.',
        true,
      )
    }
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return problem(
        'POD_CONFIG',
        `${name} cannot be started: ${message}`,
        'kubectl describe pod says more',
        true,
      )
    case 'CrashLoopBackOff':
      return crashing(name, pod, container, around)
    default:
      return null
  }
}

function crashing(name: string, pod: Pod, container: ContainerStatus, around: PodSurroundings): PodProblem {
  const { exitCode, reason } = container.lastState?.terminated ?? {}
  const how =
    reason === 'OOMKilled' ? 'is killed at its memory limit' : `ends with status ${String(exitCode ?? '?')}`
  const message = `${name}: ${container.name} ${how} as soon as it is started (${String(container.restartCount)} times)`
  return problem(
    'CONTAINER_CRASHING',
    message + tail(around.lastLines(podName(pod), container.name)),
    `./holdfast logs ${name}`,
    container.restartCount >= 3,
  )
}

function unmounted(name: string, pod: Pod, around: PodSurroundings): PodProblem | null {
  const creating = containersOf(pod).some(({ state }) => state?.waiting?.reason === 'ContainerCreating')
  const why = creating
    ? lastWarning(around.events, 'Pod', podName(pod), /mount|attach|sandbox|volume/i)
    : undefined
  if (why === undefined) return null
  return problem(
    'POD_CONFIG',
    `${name} cannot be started yet: ${why}`,
    'kubectl describe pod says more',
    false,
  )
}

function failingProbe(
  name: string,
  pod: Pod,
  container: ContainerStatus,
  around: PodSurroundings,
): PodProblem | null {
  if (!isLate(container, around.now)) return null
  const lines = around.lastLines(podName(pod), container.name)
  const event = lastWarning(around.events, 'Pod', podName(pod), /probe/i)
  const message = `${name}: ${container.name} is not ready${event === undefined ? '' : `: ${event}`}`
  return problem('POD_NOT_READY', message + tail(lines), `./holdfast logs ${name}`, false)
}

function claimsOf({ spec }: Pod, { claims }: PodSurroundings): readonly PersistentVolumeClaim[] {
  const names =
    spec?.volumes?.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []) ?? []
  return claims.filter(({ metadata }) => names.includes(metadata?.name ?? ''))
}

/** The newest warning about an object, as one line. */
export function lastWarning(
  events: readonly CoreEvent[],
  kind: string,
  name: string | undefined,
  about = /./,
): string | undefined {
  const found = events.findLast(
    ({ involvedObject: object, reason = '', message = '' }) =>
      object.kind === kind && object.name === name && about.test(`${reason} ${message}`),
  )
  return found?.message?.trim().replaceAll(/\s+/g, ' ')
}

function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return status?.containerStatuses ?? []
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | null): R | null {
  for (const item of items) {
    const found = find(item)
    if (found !== null) return found
  }
  return null
}

function tail(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `. Its last lines:${lines.map((line) => `\n    ${line}`).join('')}`
}

function problem(code: string, message: string, hint: string, isLasting: boolean): PodProblem {
  return { code, message, hint, isLasting }
}
