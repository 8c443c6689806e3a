import { nextStage, stageInWords, withStage } from '../../topology/stages.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Secrets } from '../target.ts'
import {
  componentFingerprint,
  limitsFingerprint,
  limitsPart,
  serverFingerprint,
} from './component-fingerprints.ts'

export interface Present {
  /** null: nothing was ever applied. */
  readonly topology: Topology | null
  readonly secrets: Secrets | null
  readonly isRunning: boolean
  /** Instances that run, or are to. */
  readonly instances: number
  /** With what a component was started last; null: never. */
  readonly fingerprint: (component: string) => string | null
  /** Whether the supervisor runs other code than is here now. */
  readonly isOtherVersion: boolean
}

/** What `up` would do, step by step, as the lines of a diff; empty: nothing. Pure. */
export function planUp(present: Present, wanted: Topology, password: string | null): readonly string[] {
  const { topology, secrets } = present
  if (topology === null || secrets === null) return everythingNew(wanted)
  if (!present.isRunning)
    return ['+ everything is started, with the data that is there', ...stages(topology, wanted)]
  if (password !== null && password !== secrets.password)
    return ['! redis.password is another one: ./holdfast rotate-password takes it up, up refuses']
  // The number of nodes changes after everything else.
  const next = withStage(wanted, topology)
  const differs = (component: string) =>
    present.fingerprint(component) !== componentFingerprint(component, next, secrets)
  const names = (components: readonly string[]) => components.filter(differs).join(', ')
  const agents = names(next.nodes.map(({ index }) => `agent-${String(index)}`))
  const servers = next.nodes
    .filter(({ name }) => present.fingerprint(name) !== serverFingerprint(next))
    .map(({ name }) => name)
    .join(', ')
  const apps = names(
    Array.from(
      { length: Math.min(present.instances, next.app.instances.length) },
      (_, index) => `app-${String(index)}`,
    ),
  )
  const isLimits = present.fingerprint(limitsPart) !== limitsFingerprint(next)
  const count = next.app.instances.length
  const lines: readonly (string | false)[] = [
    present.isOtherVersion && '~ the supervisor is replaced: Holdfast is another version',
    agents !== '' && `~ ${agents}: started anew, one after the other; what they run goes on`,
    differs('gateway') && '~ gateway: started anew; its clients wait, and connect again',
    isLimits && !differs('gateway') && '~ gateway: takes up other limits, with all its sessions',
    apps !== '' && `~ ${apps}: replaced, one after the other`,
    differs('front-door') && '~ front-door: started anew; calls wait meanwhile',
    present.instances !== count && `~ ${String(count)} instances instead of ${String(present.instances)}`,
    servers !== '' &&
      `~ ${servers}: started anew, one after the other when all are in sync; a primary hands over first`,
  ]
  return [...lines.filter((line) => line !== false), ...stages(topology, wanted)]
}

function everythingNew({ nodes, gateway, app, frontDoor }: Topology): readonly string[] {
  const first = nodes[0]?.address ?? ''
  return [
    '+ secrets that are not there yet are generated',
    `+ ${String(nodes.length)} Redis nodes, each a redis-server, a sentinel and an agent, from ${first} on`,
    `+ gateway on ${gateway.host}:${String(gateway.port)}`,
    `+ ${String(app.instances.length)} instances of ${app.command === null ? 'the counter' : 'the application'}`,
    `+ front-door on ${frontDoor.host}:${String(frontDoor.port)}`,
  ]
}

function stages(topology: Topology, wanted: Topology): readonly string[] {
  const lines: string[] = []
  let at: Topology = topology
  for (;;) {
    const next = nextStage(at, wanted.nodes)
    if (next === null) return lines
    lines.push(`~ ${stageInWords(at, next)}`)
    at = withStage(at, next)
  }
}
