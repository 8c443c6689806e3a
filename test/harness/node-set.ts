import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AgentState } from '../../src/agent/api.ts'
import { openAgentClient, type AgentClient } from '../../src/agent/peers.ts'
import { controlConnection } from '../../src/agent/redis-link.ts'
import { compareEpochs } from '../../src/insync/record.ts'
import { findManaged, spawnManaged, type ManagedProcess } from '../../src/platform/managed-process.ts'
import { lastLines } from '../../src/platform/files.ts'
import { defaultGatewaySettings } from '../../src/spec/gateway-settings.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { eventually } from './eventually.ts'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

/** Real nodes (agent, redis-server, sentinel) on loopback addresses of their own. */
export interface NodeSet {
  readonly topology: Topology
  readonly stateDir: string
  readonly secrets: { readonly password: string; readonly internal: string }
  readonly agents: AgentClient
  states(): Promise<readonly (AgentState | null)[]>
  startAgent(index: number): Promise<void>
  process(component: string): ManagedProcess
  kill(component: string, signal?: NodeJS.Signals): void
  killAll(): void
  /** Until exactly one node serves, it is `not` this one, (unless told otherwise) all the others are in its set, and sentinels agree. */
  settled(options?: {
    not?: number
    members?: number
    withinMs?: number
  }): Promise<{ primary: number; state: AgentState }>
  redis(index: number): ReturnType<typeof controlConnection>
}

let lastNetwork = 0

export interface NodeSetOptions {
  /** 3 when left out. */
  readonly nodes?: number
  readonly redis?: Partial<Topology['redis']>
  /** False: the test starts the agents. */
  readonly start?: boolean
  /** Where the nodes are when not on loopback addresses: 10.0.0 for 10.0.0.1, .2, …, and the words before a command that is to run at one. */
  readonly place?: { readonly network: string; enter(node: number): readonly string[] }
}

export async function startNodeSet(t: TestContext, options: NodeSetOptions = {}): Promise<NodeSet> {
  const nodes = options.nodes ?? 3
  lastNetwork += 1
  // Of this process alone, or nearly: several run beside each other.
  const loopback = `127.${String(60 + (process.pid % 60))}.${String((Math.floor(process.pid / 60) * 20 + lastNetwork) % 250)}`
  const network = options.place?.network ?? loopback
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-nodes-'))
  const topology = nodeTopology(network, nodes, options.redis)
  const secrets = { password: 'the-clients-password', internal: 'the-internal-secret' }
  await mkdir(join(stateDir, 'secrets'), { mode: 0o700 })
  await writeFile(join(stateDir, 'topology.json'), JSON.stringify(topology))
  for (const [name, value] of Object.entries(secrets))
    await writeFile(join(stateDir, 'secrets', name), value, { mode: 0o600 })
  const agents = openAgentClient(topology, secrets.internal)
  const connections: ReturnType<typeof controlConnection>[] = []
  const agent = (index: number) => ['agent', '--state-dir', stateDir, '--node', String(index)]

  const set: NodeSet = {
    topology,
    stateDir,
    secrets,
    agents,
    states: () => Promise.all(topology.nodes.map((node) => agents.state(node.index, 400).catch(() => null))),
    startAgent: async (index) => {
      await spawnManaged({
        component: `agent-${String(index)}`,
        deployment: stateDir,
        argv: [...(options.place?.enter(index) ?? []), process.execPath, main, ...agent(index)],
        env: { PATH: process.env.PATH ?? '' },
        logFile: join(stateDir, 'logs', `agent-${String(index)}.log`),
      })
    },
    process: (component) => {
      const found = findManaged(stateDir).find((each) => each.component === component && !each.stray)
      if (found === undefined) throw new Error(`${component} does not run`)
      return found
    },
    kill: (component, signal = 'SIGKILL') => {
      process.kill(set.process(component).pid, signal)
    },
    killAll: () => {
      for (const each of findManaged(stateDir)) process.kill(each.pid, 'SIGKILL')
    },
    settled: ({ not, members = nodes - 1, withinMs = 20_000 } = {}) =>
      eventually('one primary with its in-sync set', withinMs, async () => {
        const states = await set.states()
        const reigning = states
          .filter((state) => state !== null && state.reign !== null)
          .toSorted((a, b) => compareEpochs(b?.reign ?? zero, a?.reign ?? zero))
        const [state] = reigning
        if (state === undefined || state === null) return `nobody serves: ${doings(states)}`
        if (reigning.length > 1) return 'two serve'
        if (state.node === not) return `redis-${String(not)} still serves`
        if ((state.redis.record?.members.length ?? 0) < members)
          return `in sync: ${String(state.redis.record?.members)}; ${doings(states)}`
        const ready = states.filter(
          (each) =>
            each !== null && (each.reign !== null || (each.redis.linkUp && each.intact && !each.restarted)),
        )
        if (ready.length < members + 1) return `${String(ready.length)} nodes are ready; ${doings(states)}`
        const wrong = states.filter(
          (each) => each !== null && each.sentinel.primarySeen !== `redis-${String(state.node)}`,
        )
        if (wrong.length > 0)
          return `sentinels name ${String(wrong.map((each) => each?.sentinel.primarySeen))}`
        return { primary: state.node, state }
      }),
    redis: (index) => {
      const node = topology.nodes[index]
      if (node === undefined) throw new RangeError(`no node ${String(index)}`)
      const connection = controlConnection({
        host: node.address,
        port: node.redisPort,
        internalSecret: secrets.internal,
        replyWithinMs: 3000,
      })
      connections.push(connection)
      return connection
    },
  }
  t.after(async () => {
    for (const connection of connections) connection.disconnect()
    agents.close()
    for (const each of findManaged(stateDir)) await each.stop({ graceMs: 0 })
    if (hasPassed(t)) await rm(stateDir, { recursive: true, force: true })
    else await showLogs(t, stateDir, nodes)
  })
  if (options.start !== false) await Promise.all(topology.nodes.map((node) => set.startAgent(node.index)))
  return set
}

/** Node has it; its types do not yet. */
const hasPassed = (t: TestContext): boolean => (t as TestContext & { readonly passed: boolean }).passed

const zero = { number: 0, node: 0 }

function doings(states: readonly (AgentState | null)[]): string {
  return states.map((state) => (state === null ? 'silent' : state.doing)).join(' | ')
}

async function showLogs(t: TestContext, stateDir: string, nodes: number): Promise<void> {
  t.diagnostic(`kept: ${stateDir}`)
  for (let index = 0; index < nodes; index += 1) {
    for (const line of lastLines(join(stateDir, 'logs', `agent-${String(index)}.log`), 25))
      t.diagnostic(line.slice(0, 300))
  }
  t.diagnostic(
    await readFile(join(stateDir, 'logs', 'redis-0.log'), 'utf8').then(
      (text) => text.slice(-500),
      () => '',
    ),
  )
}

export function nodeTopology(network: string, nodes: number, redis?: NodeSetOptions['redis']): Topology {
  const f = (nodes - 1) / 2
  const host = `${network}.100`
  return {
    name: 'counter',
    nodes: Array.from({ length: nodes }, (_, index) => ({
      index,
      name: `redis-${String(index)}`,
      address: `${network}.${String(index + 1)}`,
      redisPort: 6379,
      sentinelPort: 26_379,
      agentPort: 26_380,
    })),
    f,
    quorum: f + 1,
    redis: { databases: 16, markersDb: 16, db: 0, maxmemoryBytes: 0, appendfsync: 'everysec', ...redis },
    gateway: {
      name: 'gateway',
      host,
      port: 6379,
      adminHost: host,
      adminPort: 6380,
      holdMs: 10_000,
      ...defaultGatewaySettings,
    },
    app: { command: null, directory: '/', env: {}, healthPath: '/ping', instances: [] },
    frontDoor: { name: 'front-door', host, port: 8080 },
  }
}
