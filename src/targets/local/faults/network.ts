import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '../../../errors.ts'
import { spawnHelper, type HelperProcess } from '../../../platform/helper-process.ts'
import { createMutex } from '../../../platform/mutex.ts'
import { findProgram, runProgram } from '../../../platform/run-program.ts'
import type { Topology } from '../../../topology/topology.ts'
import type { Place } from '../../../verify/faults/fault.ts'
import { roleSpec } from '../component-specs.ts'
import { localPaths } from '../paths.ts'
import { redisConnections } from './open-connections.ts'
import { requirePacketFilter } from './packet-filter.ts'
import { relayGroup, type CutPair, type Detour } from './packet-rules.ts'
import type { UndoJournal } from './undo-journal.ts'

export interface FaultNetwork {
  cut(from: readonly Place[], to: readonly Place[], only?: CutPair['only']): Promise<void>
  delay(node: number, delayMs: number): Promise<void>
  heal(): Promise<void>
}

const lookEveryMs = 100
const relayMain = fileURLToPath(new URL('relay-main.ts', import.meta.url))

/** Named by the deployment, and by where it is: two of the same name do not touch each other's. */
export function tableOf(stateDir: string, name: string): string {
  const place = createHash('sha256').update(stateDir).digest('hex').slice(0, 8)
  return `holdfast_${name.replaceAll(/[^a-zA-Z0-9]/g, '_')}_${place}`
}

/** Packet filter rules of one deployment. What was cut in the same process before is remembered, and added to. */
export function createNetwork(stateDir: string, topology: Topology, journal: UndoJournal): FaultNetwork {
  const table = tableOf(stateDir, topology.name)
  const one = createMutex()
  const relays = new Map<number, HelperProcess>()
  let cuts: CutPair[] = []
  let detours = new Map<number, Detour>()
  let applied = ''
  let watch: NodeJS.Timeout | null = null

  const apply = async () => {
    const spared = cuts.some(({ only }) => only !== undefined)
      ? redisConnections(stateDir, topology)
      : { sentinels: [], replication: [] }
    const { redisPort: redis = 0, sentinelPort: sentinel = 0 } = topology.nodes[0] ?? {}
    const ports = { redis, sentinel }
    const rules = { table, cuts, detours: [...detours.values()], spared, ports }
    const text = JSON.stringify(rules)
    if (text === applied) return
    const filter = requirePacketFilter()
    journal.note({ kind: 'network', table })
    await filter.apply(rules)
    applied = text
  }
  /** Whoever opens a new connection is known only once it tries: the packet that it sends again gets through. */
  const look = () => {
    one(apply).catch(() => undefined)
  }

  return {
    cut: (from, to, only) =>
      one(async () => {
        if (only !== undefined && detours.size > 0) throw notTogether()
        const pairs = from.flatMap((a) => to.filter((b) => b !== a).flatMap((b) => pairsOf(topology, a, b)))
        cuts = [...cuts, ...pairs.map((pair) => ({ ...pair, only }))]
        await apply()
        if (only !== undefined) watch ??= setInterval(look, lookEveryMs).unref()
      }),
    delay: (node, delayMs) =>
      one(async () => {
        if (cuts.some(({ only }) => only !== undefined)) throw notTogether()
        const { address, redisPort, sentinelPort, agentPort } = nodeAt(topology, node)
        const ports = [redisPort, sentinelPort, agentPort]
        const component = `relay-${String(node)}`
        journal.note({ kind: 'network', table }, { kind: 'end', component })
        const relay = await spawnHelper({
          ...roleSpec(localPaths(stateDir), component, [process.execPath, relayMain]),
          input: JSON.stringify({ address, ports, delayMs }),
          gid: relayGroup,
        })
        const former = relays.get(node)
        relays.set(node, relay)
        const { relayPorts } = JSON.parse(relay.said) as { readonly relayPorts: readonly number[] }
        const detour = ports.map((port, index) => ({ port, relayPort: relayPorts[index] ?? 0 }))
        detours = new Map(detours).set(node, { address, ports: detour })
        await apply()
        await former?.end()
        await closeOthers(address, ports, relay.pid)
      }),
    heal: () =>
      one(async () => {
        if (watch !== null) clearInterval(watch)
        watch = null
        cuts = []
        detours = new Map()
        applied = ''
        if (journal.steps().some(({ kind }) => kind === 'network')) await requirePacketFilter().remove(table)
        for (const relay of relays.values()) await relay.end()
        relays.clear()
        journal.forget(({ kind, ...step }) => {
          return kind === 'network' || (kind === 'end' && 'component' in step && isRelay(step.component))
        })
      }),
  }
}

/** Behind a relay nobody can tell whose connection it was. */
function notTogether(): HoldfastError {
  const message = 'a slow node and a cut of one kind of traffic cannot be had at once on one machine'
  return new HoldfastError('UNSUPPORTED', message, { hint: 'One after the other.', exitCode: 2 })
}

/** Connections that were there before the relay are closed, so that their owners come again and meet it. */
async function closeOthers(address: string, ports: readonly number[], relayPid: number): Promise<void> {
  const program = findProgram(['ss'], process.env)
  if (program === null) return
  const of = (side: string) => `( ${ports.map((port) => `${side} = :${String(port)}`).join(' or ')} )`
  const filter = ['dst', address, 'and', 'not', 'src', address, 'and', ...of('dport').split(' ')]
  const listed = await runProgram(program, ['-Htnp', 'state', 'established', ...filter])
  for (const line of listed.split('\n')) {
    // Recv-Q Send-Q local peer users:(("node",pid=1,fd=2))
    const [, , local = '', peer = '', users = ''] = line.trim().split(/\s+/)
    if (local === '' || users.includes(`pid=${String(relayPid)},`)) continue
    const [from, fromPort] = local.split(':')
    const [to, toPort] = peer.split(':')
    if (from === undefined || fromPort === undefined || to === undefined || toPort === undefined) continue
    const exact = ['src', from, 'sport', '=', `:${fromPort}`, 'dst', to, 'dport', '=', `:${toPort}`]
    await runProgram(program, ['-K', '-Htn', ...exact])
  }
}

function pairsOf(topology: Topology, a: Place, b: Place): CutPair[] {
  return addressesOf(topology, a).flatMap((one) => addressesOf(topology, b).map((other) => ({ one, other })))
}

/**
 * What comes from a node comes from its address. What gateways, instances and the command line say to a node comes from
 * 127.0.0.1: the system's choice for everything on loopback that does not ask for another (measured), wherever they listen.
 */
function addressesOf(topology: Topology, place: Place): string[] {
  return [place === 'gateway' ? '127.0.0.1' : nodeAt(topology, place).address]
}

export function nodeAt(topology: Topology, index: number) {
  const node = topology.nodes[index]
  if (node !== undefined) return node
  const last = String(topology.nodes.length - 1)
  throw new HoldfastError('USAGE', `there is no node ${String(index)}: they are 0 to ${last}`, {
    exitCode: 2,
  })
}

const isRelay = (component: string) => component.startsWith('relay-')
