import type { SpecProblem } from './problem.ts'
import type { Spec } from './schema.ts'

export type Finding = Pick<SpecProblem, 'path' | 'message' | 'fix'>

/**
 * What no field can know alone, for a cluster.
 * @param isWritten whether the file says something at this path
 */
export function checkKubernetes(spec: Spec, isWritten: (path: string) => boolean): readonly Finding[] {
  return [
    ...names(spec),
    ...application(spec, isWritten),
    ...ports(spec),
    ...(spec.kubernetes.existingRedis === null ? secret(spec) : existing(spec, isWritten)),
  ]
}

function names({ name, kubernetes: { namespace, createNamespace } }: Spec): Finding[] {
  const findings: Finding[] = []
  if (name.endsWith('-')) {
    const message = 'must not end with a dash on Kubernetes, where objects have this name'
    findings.push({ path: 'name', message, fix: `for example: "name: ${name.replace(/-+$/, '')}"` })
  }
  if (createNamespace && (namespace === 'default' || namespace.startsWith('kube-'))) {
    const message = `would change the namespace ${namespace}, which belongs to the cluster`
    findings.push({
      path: 'kubernetes.createNamespace',
      message,
      fix: 'leave it out, or use a namespace of your own',
    })
  }
  return findings
}

function application({ app, kubernetes }: Spec, isWritten: (path: string) => boolean): Finding[] {
  if (kubernetes.appImage === null) {
    if (app.command === null) return []
    const message = 'runs on this machine only: on Kubernetes an application is an image'
    return [{ path: 'app.command', message, fix: 'name its image: kubernetes.appImage' }]
  }
  if (app.command !== null || isWritten('app.health')) return []
  const message = 'is a program of your own, and nothing says which path tells whether it can serve'
  return [{ path: 'kubernetes.appImage', message, fix: 'add it, for example: "app: { health: / }"' }]
}

function ports({ app, gateway, kubernetes }: Spec): Finding[] {
  const findings: Finding[] = []
  const { port } = gateway.listen
  if (app.port === port || app.port === port + 1) {
    const message = `is ${app.port}, where the gateway beside each instance listens (gateway.listen and the port above it)`
    findings.push({ path: 'app.port', message, fix: 'give the application another port' })
  }
  if (kubernetes.nodePort !== null && kubernetes.serviceType === 'ClusterIP') {
    const message = 'is of no use to a Service of type ClusterIP'
    findings.push({ path: 'kubernetes.nodePort', message, fix: 'use serviceType: NodePort, or leave it out' })
  }
  return findings
}

function secret({ redis, kubernetes }: Spec): Finding[] {
  if (kubernetes.existingSecret === null || redis.password.kind === 'generate') return []
  const message = 'has no effect beside kubernetes.existingSecret, which holds the password'
  return [{ path: 'redis.password', message, fix: 'leave one of the two out' }]
}

/** Of a Redis that is somebody else's. */
function existing(spec: Spec, isWritten: (path: string) => boolean): Finding[] {
  const { redis, gateway, kubernetes } = spec
  const { existingRedis, existingSecret } = kubernetes
  if (existingRedis === null) return []
  const idle = ['nodes', 'password', 'maxmemory', 'appendfsync']
    .map((name) => `redis.${name}`)
    .filter(isWritten)
  const findings: Finding[] = idle.map((path) => ({
    path,
    message: 'has no effect beside kubernetes.existingRedis, which is not changed',
    fix:
      path === 'redis.password'
        ? 'leave it out: kubernetes.existingSecret names the Secret that has the password'
        : 'leave one of the two out',
  }))
  if (gateway.ack === 'in-sync') {
    const message = 'needs Redis nodes of Holdfast, which keep the record of who has what'
    findings.push({ path: 'gateway.ack', message, fix: 'a number of replicas, for example: "ack: 1"' })
  }
  if (redis.db >= existingRedis.markersDb) {
    const message = `is ${redis.db}, and clients see the databases below ${existingRedis.markersDb} (kubernetes.existingRedis.markersDb)`
    findings.push({ path: 'redis.db', message, fix: 'use a lower one' })
  }
  const keys = ['passwordKey', 'sentinelPasswordKey'].map((name) => `kubernetes.existingRedis.${name}`)
  if (existingSecret !== null) return findings
  for (const path of keys.filter(isWritten)) {
    const message = 'is a key of no Secret'
    findings.push({ path, message, fix: 'name the Secret: kubernetes.existingSecret' })
  }
  return findings
}
