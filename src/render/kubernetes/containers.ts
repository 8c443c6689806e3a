import type { Container, EnvVar, Probe, ResourceRequirements, SecurityContext } from './objects.ts'
import type { Resources } from '../../spec/kubernetes-settings.ts'
import { passwordFiles, standaloneArguments } from './existing-redis.ts'
import { imageName } from './image-name.ts'
import { portOfApp, secretName, type ManifestInput } from './manifest-input.ts'

/** Made for the image's user: see the Dockerfile. */
export const userId = 10_001

/** See network.ts. */
const protocol = 'TCP'
const configDirectory = '/etc/holdfast'
const stateDirectory = '/var/lib/holdfast'
export const volumes = { config: 'config', state: 'data', temporary: 'tmp' } as const

/** Of the gateway beside an instance: reached from its own pod only. */
export const ownPod = '127.0.0.1'

/** How long an instance may take to answer what it has, and the gateway beside it goes on for it. */
export const lingerSeconds = 30
/** Until no proxy of the cluster sends anything to a pod that ends. */
const unlistedSeconds = 5

/** The agent is the first process; redis-server and the sentinel are its children. */
export function nodeContainer(input: ManifestInput): Container {
  const [node] = input.topology.nodes
  const agentPort = node?.agentPort ?? 0
  return {
    name: 'redis',
    ...own(input, [
      'agent',
      '--config',
      configDirectory,
      '--state-dir',
      stateDirectory,
      '--node',
      '$(POD_NAME)',
    ]),
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    ports: [
      { name: 'redis', protocol, containerPort: node?.redisPort ?? 0 },
      { name: 'sentinel', protocol, containerPort: node?.sentinelPort ?? 0 },
      { name: 'agent', protocol, containerPort: agentPort },
    ],
    // Of the agent alone: a Redis that loads for an hour, or hangs, is the agents' business and nobody else's.
    livenessProbe: probe('/live', 'agent', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    // In the in-sync set: the next node is not replaced, or drained, before.
    readinessProbe: probe('/ready', 'agent', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
    resources: resources(input.topology.kubernetes.resources.redis),
    volumeMounts: [
      { name: volumes.config, mountPath: configDirectory, readOnly: true },
      { name: volumes.state, mountPath: stateDirectory },
      { name: volumes.temporary, mountPath: '/tmp' },
    ],
  }
}

/** For other clients of the namespace. */
export function gatewayContainer(input: ManifestInput): Container {
  return {
    ...gateway(input, input.topology.gateway.host),
    lifecycle: { preStop: wait(unlistedSeconds) },
  }
}

/** Beside an instance: there before it, and until it has ended. */
export function gatewayBeside(input: ManifestInput): Container {
  const { port } = input.topology.gateway
  const answers = `redis-cli -h 127.0.0.1 -p ${String(port)} ping >/dev/null 2>&1`
  const whenItListens = `timeout 60 sh -c 'until ${answers}; do sleep 0.1; done' || true`
  const container = gateway(input, ownPod)
  return {
    ...container,
    env: [...(container.env ?? []), { name: 'HOLDFAST_LINGER', value: `${String(lingerSeconds)}s` }],
    lifecycle: {
      // Containers start in order, and the next one not before this has ended. Any answer will do, a refusal too. After a minute the
      // application starts all the same and is not ready: a hook that fails would have the gateway killed, again and again.
      postStart: { exec: { command: ['/bin/sh', '-c', whenItListens] } },
      preStop: wait(unlistedSeconds),
    },
  }
}

export function appContainer(input: ManifestInput): Container {
  const { app, gateway, redis, kubernetes } = input.topology
  const port = portOfApp(input)
  const variables: EnvVar[] = [
    ...Object.entries(app.env).map(([name, value]) => ({ name, value: literal(value) })),
    { name: 'PORT', value: String(port) },
    { name: 'HOST', value: '0.0.0.0' },
    { name: 'REDIS_HOST', value: '127.0.0.1' },
    { name: 'REDIS_PORT', value: String(gateway.port) },
    { name: 'REDIS_PASSWORD', ...passwordOf(input) },
    { name: 'REDIS_DB', value: String(redis.db) },
  ]
  const timeoutSeconds = Math.ceil(gateway.holdMs / 1000) + 2
  return {
    name: 'app',
    ...(kubernetes.appImage === null ? own(input, ['counter']) : foreign(input, kubernetes.appImage)),
    env: variables,
    ports: [{ name: 'http', protocol, containerPort: port }],
    // A question that waits for a primary is no failure: instances taken away would turn a pause into refused requests.
    readinessProbe: probe(app.healthPath, 'http', { periodSeconds: 2, timeoutSeconds, failureThreshold: 3 }),
    lifecycle: { preStop: wait(unlistedSeconds) },
    resources: resources(kubernetes.resources.app),
    volumeMounts: [{ name: volumes.temporary, mountPath: '/tmp' }],
  }
}

/** What applications authenticate with. */
function passwordOf(input: ManifestInput): Omit<EnvVar, 'name'> {
  const { existingRedis, existingSecret } = input.topology.kubernetes
  if (existingRedis !== null && existingSecret === null) return { value: '' }
  const key = existingRedis?.passwordKey ?? 'password'
  return { valueFrom: { secretKeyRef: { name: secretName(input), key } } }
}

/** @param host where clients connect */
function gateway(input: ManifestInput, host: string): Container {
  const { gateway, kubernetes } = input.topology
  const { existingRedis } = kubernetes
  const env = existingRedis === null ? [] : passwordFiles(input, existingRedis, configDirectory)
  return {
    name: 'gateway',
    ...own(
      input,
      existingRedis === null
        ? ['gateway', '--state-dir', configDirectory]
        : standaloneArguments(input, existingRedis, host, configDirectory),
    ),
    ...(env.length === 0 ? {} : { env }),
    ports: [
      { name: 'redis', protocol, containerPort: gateway.port },
      { name: 'admin', protocol, containerPort: gateway.adminPort },
    ],
    livenessProbe: probe('/live', 'admin', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readinessProbe: probe('/ready', 'admin', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
    resources: resources(kubernetes.resources.gateway),
    volumeMounts: [
      { name: volumes.config, mountPath: configDirectory, readOnly: true },
      { name: volumes.temporary, mountPath: '/tmp' },
    ],
  }
}

/** A container of Holdfast's image. */
function own(
  { topology: { kubernetes }, version }: ManifestInput,
  args: string[],
): Pick<Container, 'image' | 'imagePullPolicy' | 'args' | 'securityContext'> {
  return {
    image: imageName(kubernetes.image, version),
    imagePullPolicy: kubernetes.imagePullPolicy,
    args,
    securityContext: {
      ...unprivileged,
      runAsUser: userId,
      runAsGroup: userId,
      readOnlyRootFilesystem: true,
    },
  }
}

/** An image of the user's own: with its own user, who must not be root, and files that it may write. */
function foreign(
  { topology: { kubernetes } }: ManifestInput,
  image: string,
): Pick<Container, 'image' | 'imagePullPolicy' | 'securityContext'> {
  return { image, imagePullPolicy: kubernetes.imagePullPolicy, securityContext: unprivileged }
}

const unprivileged: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
}

function probe(path: string, port: string, limits: Omit<Probe, 'httpGet'>): Probe {
  return { httpGet: { path, port }, ...limits }
}

function wait(seconds: number) {
  return { exec: { command: ['sleep', String(seconds)] } }
}

/** Kubernetes expands $(NAME) in a value; two dollars stand for one. */
function literal(value: string): string {
  return value.replaceAll('$', '$$$$')
}

function resources({ requests, limits }: Resources): ResourceRequirements {
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  }
}
