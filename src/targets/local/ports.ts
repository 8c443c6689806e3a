import { HoldfastError } from '../../errors.ts'
import { findManaged } from '../../platform/managed-process.ts'
import { readStat } from '../../platform/proc.ts'
import type { Topology } from '../../topology/topology.ts'
import { probeListen } from './held-socket.ts'
import { findPortOwner, type PortOwner } from './port-owner.ts'

export interface Listener {
  readonly component: string
  readonly host: string
  readonly port: number
  /** Path in the spec that moves it. */
  readonly field: string
}

/** Every address that a deployment listens on. */
export function listeners({ nodes, gateway, app, frontDoor }: Topology): Listener[] {
  return [
    ...nodes.flatMap(({ index, address: host, redisPort, sentinelPort, agentPort }) => [
      { component: `redis-${String(index)}`, host, port: redisPort, field: 'local.network' },
      { component: `sentinel-${String(index)}`, host, port: sentinelPort, field: 'local.network' },
      { component: `agent-${String(index)}`, host, port: agentPort, field: 'local.network' },
    ]),
    { component: 'gateway', host: gateway.host, port: gateway.port, field: 'gateway.listen' },
    { component: 'gateway', host: gateway.adminHost, port: gateway.adminPort, field: 'gateway.listen' },
    ...app.instances.map(({ name, host, port }) => ({ component: name, host, port, field: 'app.port' })),
    { component: 'front-door', host: frontDoor.host, port: frontDoor.port, field: 'frontDoor.listen' },
  ]
}

/** Looked at after the owner was found: it may just have been started. */
function isOfDeployment(stateDir: string, { pid }: PortOwner): boolean {
  const session = readStat(pid)?.session
  return findManaged(stateDir).some((found) => readStat(found.pid)?.session === session)
}

/**
 * Looks whether every address is free, or held by this very deployment.
 * @throws HoldfastError PORT_IN_USE that names all that are not: port, process and spec field
 */
export async function checkPorts(stateDir: string, wanted: readonly Listener[]): Promise<void> {
  const results = await Promise.all(
    wanted.map(async (listener) => ({ listener, code: await probeListen(listener.host, listener.port) })),
  )
  const taken = results.filter(({ code }) => code !== null)
  if (taken.length === 0) return
  const problems = taken.flatMap(({ listener, code }) => {
    const where = `${listener.host}:${String(listener.port)} (${listener.component}, ${listener.field} in the spec)`
    if (code === 'EACCES') return [`${where}: this user may not listen there`]
    if (code === 'EADDRNOTAVAIL') return [`${where}: this machine has no such address`]
    if (code !== 'EADDRINUSE') return [`${where}: ${String(code)}`]
    const owner = findPortOwner(listener.host, listener.port)
    if (owner !== null && isOfDeployment(stateDir, owner)) return []
    const who = owner === null ? 'a process of another user' : `pid ${String(owner.pid)} (${owner.command})`
    return [`${where} is in use by ${who}`]
  })
  const [first, ...others] = problems
  if (first === undefined) return
  const fields = [...new Set(taken.map(({ listener }) => listener.field))].join(', ')
  throw new HoldfastError('PORT_IN_USE', [first, ...others].join('\n'), {
    hint: `Stop what listens there (sudo ss -ltnp shows it), or change ${fields}.`,
    exitCode: 2,
  })
}
