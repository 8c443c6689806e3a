import type { AgentState } from '../../agent/api.ts'
import type { Majorities } from '../../insync/majorities.ts'
import { findManaged } from '../../platform/managed-process.ts'
import { instanceAddress } from '../../render/haproxy-cfg.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets } from '../target.ts'
import { readAgent } from './agent-client.ts'
import type { SupervisorStatus } from './control.ts'
import { httpProbe, reachable } from './http-probe.ts'
import { lastWords } from './last-words.ts'
import { askManager } from './manager.ts'
import type { LocalPaths } from './paths.ts'

/** What was seen of a deployment at one moment; judged by judge.ts. */
export interface Observation {
  readonly topology: Topology
  /** By node; null: its agent does not answer. */
  readonly agents: readonly (AgentState | null)[]
  /** null: its admin port does not answer. */
  readonly gateway: {
    readonly sessions: number
    readonly parked: number
    readonly primary: string | null
    readonly majorities?: Majorities
  } | null
  /** Instances that are to run. */
  readonly instances: readonly InstanceObservation[]
  /** HTTP status, or an error's name. */
  readonly frontDoor: number | string
  readonly supervisor: SupervisorStatus | null
  /** Something of the deployment runs. */
  readonly isRunning: boolean
}

export interface InstanceObservation {
  readonly index: number
  readonly health: number | string
  readonly failures: number
  /** Of its log; only for one that is not healthy. */
  readonly lastLines: readonly string[]
}

/**
 * Asks every part, all at once. Never throws because one is down.
 * @param from address that the agents are asked from; left out: the system's choice
 */
export async function observe(
  paths: LocalPaths,
  topology: Topology,
  secrets: Secrets,
  instances: number,
  from?: string,
): Promise<Observation> {
  const { gateway, frontDoor, app } = topology
  const supervisorAsked = askManager(paths, 'status', {}, { signal: AbortSignal.timeout(2000) }).catch(
    () => null,
  )
  const [agents, gatewayProbe, frontDoorProbe, supervisor] = await Promise.all([
    Promise.all(topology.nodes.map((node) => readAgent(node, secrets.internal, from))),
    httpProbe({ host: reachable(gateway.adminHost), port: gateway.adminPort, path: '/status' }),
    httpProbe(
      { host: reachable(frontDoor.host), port: frontDoor.port, path: app.healthPath },
      { timeoutMs: 2000 },
    ),
    supervisorAsked,
  ])
  const indices = supervisor?.instances ?? Array.from({ length: instances }, (_, index) => index)
  return {
    topology,
    agents,
    gateway: gatewayProbe.result === 200 ? (JSON.parse(gatewayProbe.body) as Observation['gateway']) : null,
    instances: await Promise.all(indices.map((index) => observeInstance(paths, topology, supervisor, index))),
    frontDoor: frontDoorProbe.result,
    supervisor,
    isRunning: supervisor !== null || findManaged(paths.stateDir).length > 0,
  }
}

async function observeInstance(
  paths: LocalPaths,
  topology: Topology,
  supervisor: SupervisorStatus | null,
  index: number,
): Promise<InstanceObservation> {
  const component = `app-${String(index)}`
  const address = { ...instanceAddress(topology, index), path: topology.app.healthPath }
  const { result } = await httpProbe(address)
  const failures = supervisor?.components.find((entry) => entry.component === component)?.failures ?? 0
  return {
    index,
    health: result,
    failures,
    lastLines: result === 200 ? [] : lastWords(paths, component, 5),
  }
}
