import { checkKubernetes } from './check-kubernetes.ts'
import type { Finding } from './check-kubernetes.ts'
import { positionOf } from './issues.ts'
import type { SpecText } from './parse.ts'
import type { SpecProblem } from './problem.ts'
import { highestAppPort } from './schema.ts'
import type { Spec } from './schema.ts'
import { formatAddress, parseAddress } from './units.ts'

/** Ports of every Redis node on its own address: redis-server, sentinel, agent. */
export const nodePorts = { redis: 6379, sentinel: 26_379, agent: 26_380 } as const

/** What no field can know alone: ranges of ports, room in the network, two listeners on one address and port. */
export function checkTogether(spec: Spec, source: SpecText): readonly SpecProblem[] {
  return [...portRanges(spec), ...replicas(spec), ...onTarget(spec, source)].map(
    ({ path, message, fix }) => ({
      ...positionOf(path.split('.'), source, 'value'),
      path,
      message,
      fix,
    }),
  )
}

function onTarget(spec: Spec, source: SpecText): readonly Finding[] {
  switch (spec.target) {
    case 'local':
      return [...networkRoom(spec), ...collisions(spec, source), ...ofClusters(spec)]
    case 'kubernetes':
      return checkKubernetes(spec, (path) => source.document.hasIn(path.split('.')))
  }
}

function portRanges({ app, gateway }: Spec): Finding[] {
  const findings: Finding[] = []
  if (app.port > highestAppPort) {
    const message = `is ${app.port} by default (the port of the front door + 10000), too high for 64 more above it`
    findings.push({ path: 'app.port', message, fix: `set app.port to ${highestAppPort} or less` })
  }
  if (gateway.listen.port === 65_535) {
    findings.push({
      path: 'gateway.listen',
      message: 'needs the port above it, too',
      fix: 'use port 65534 or less',
    })
  }
  return findings
}

/** What would make it another deployment than it says. */
function ofClusters({ kubernetes }: Spec): Finding[] {
  if (kubernetes.existingRedis === null) return []
  const message = 'is of the target kubernetes: a deployment on this machine has Redis nodes of its own'
  const fix = 'target: kubernetes; or run a gateway before it by hand: docs/standalone.md'
  return [{ path: 'kubernetes.existingRedis', message, fix }]
}

function replicas({ gateway: { ack }, redis: { nodes }, kubernetes }: Spec): Finding[] {
  // How many an existing Redis has it does not say here.
  if (ack === 'in-sync' || ack < nodes || kubernetes.existingRedis !== null) return []
  const message = `waits for ${ack} replicas, and ${nodes} Redis nodes have ${nodes - 1}`
  return [{ path: 'gateway.ack', message, fix: `in-sync, or 0 to ${nodes - 1}` }]
}

function networkRoom({ local: { network }, redis }: Spec): Finding[] {
  // The first address names the network and the last one is its broadcast address.
  if (network.size >= redis.nodes + 2) return []
  const message = `has no room for ${redis.nodes} Redis nodes`
  return [{ path: 'local.network', message, fix: 'use a larger one, for example 127.0.1.0/24' }]
}

interface Listener {
  readonly path: string
  readonly what: string
  readonly host: string
  readonly port: number
}

function collisions(spec: Spec, { document }: SpecText): Finding[] {
  const all = listeners(spec)
  const reported = new Set<string>()
  return all.flatMap((later, index) => {
    const earlier = all.slice(0, index).find((candidate) => collide(candidate, later))
    if (earlier === undefined || reported.has(later.path)) return []
    reported.add(later.path)
    // What the file says is to be changed rather than a default that it does not mention.
    const isWritten = document.hasIn(later.path.split('.'))
    const [one, other] =
      isWritten || !document.hasIn(earlier.path.split('.')) ? [later, earlier] : [earlier, later]
    const message = `makes ${one.what} listen on ${one.host}:${one.port}, where ${other.what} listens (${other.path}: ${other.host}:${other.port})`
    return [{ path: one.path, message, fix: 'give one of them another port or address' }]
  })
}

/** The order decides which of two is reported: what is more often changed comes later. */
function listeners({ redis, local, app, gateway, frontDoor }: Spec): Listener[] {
  const list: Listener[] = []
  for (let index = 0; index < redis.nodes; index++) {
    const host = formatAddress(local.network.first + index + 1)
    for (const [role, port] of Object.entries(nodePorts)) {
      list.push({ path: 'local.network', what: `${role}-${index}`, host, port })
    }
  }
  const { host, port } = gateway.listen
  list.push({ path: 'gateway.listen', what: 'the gateway', host, port })
  list.push({ path: 'gateway.listen', what: "the gateway's admin port", host, port: port + 1 })
  list.push({ path: 'frontDoor.listen', what: 'the front door', ...frontDoor.listen })
  for (let index = 0; index < app.instances; index++) {
    list.push({ path: 'app.port', what: `app-${index}`, host: '127.0.0.1', port: app.port + index })
  }
  return list
}

/** An address of all zeros takes the port on every address. */
function collide(a: Listener, b: Listener): boolean {
  return a.port === b.port && (a.host === b.host || [a, b].some(({ host }) => parseAddress(host) === 0))
}
