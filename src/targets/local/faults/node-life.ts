import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentState } from '../../../agent/api.ts'
import { nodePaths } from '../../../agent/servers.ts'
import { HoldfastError } from '../../../errors.ts'
import { findManaged } from '../../../platform/managed-process.ts'
import type { Topology } from '../../../topology/topology.ts'
import { askAgent, readAgent } from '../agent-client.ts'
import { ensureSupervisor } from '../ensure-supervisor.ts'
import { findPrimary } from '../../nodes.ts'
import type { LocalPaths } from '../paths.ts'
import { requireSecrets } from '../state-files.ts'
import { nodeAt } from './network.ts'
import { controlAddress } from './packet-rules.ts'
import { hasOpened, signalComponents, usersOf } from './processes.ts'
import type { UndoJournal } from './undo-journal.ts'

const agentWithinMs = 10_000
const serverGraceMs = 3000
const unusedWithinMs = 10_000
const backWithinMs = 60_000
const handOverWithinMs = 20_000

/**
 * Does something to a node's volume while none of its processes has it open. Its agent is stopped meanwhile, so that
 * nobody starts them again, and ends after it: the next one begins with what it finds.
 */
export async function withoutProcesses<T>(
  paths: LocalPaths,
  node: number,
  journal: UndoJournal,
  work: () => Promise<T>,
): Promise<T> {
  const { stateDir } = paths
  const agent = `agent-${String(node)}`
  const servers = [`sentinel-${String(node)}`, `redis-${String(node)}`]
  await ensureSupervisor(stateDir)
  const deadline = performance.now() + agentWithinMs
  const { directory } = nodePaths(stateDir, node)
  for (;;) {
    // One that is just being started anew could start them.
    const isStopped = (await signalComponents(stateDir, [agent], 'STOP', journal)).length > 0
    // Stopped in the middle of reading its append-only file, it would keep the volume busy until it ends.
    if (isStopped && !hasOpened(stateDir, agent, directory)) break
    if (isStopped) await signalComponents(stateDir, [agent], 'CONT', journal)
    if (performance.now() > deadline) {
      const why = isStopped ? `does not end to read files in ${directory}` : 'does not run'
      throw new HoldfastError('NOT_RUNNING', `${agent} ${why}`, { hint: './holdfast status' })
    }
    await delay(50)
  }
  try {
    await untilUnused(stateDir, servers, directory)
    return await work()
  } finally {
    await signalComponents(stateDir, [agent], 'KILL', journal)
  }
}

/** A server that its agent was just starting when it was stopped goes on, and appears a little later. */
async function untilUnused(stateDir: string, servers: readonly string[], directory: string): Promise<void> {
  const deadline = performance.now() + unusedWithinMs
  for (;;) {
    const found = findManaged(stateDir).filter(({ component }) => servers.includes(component))
    await Promise.all(found.map((server) => server.stop({ graceMs: serverGraceMs })))
    const users = existsSync(directory) ? usersOf(directory) : []
    if (users.length === 0) return
    if (performance.now() > deadline) {
      const message = `${directory} is in use by pid ${users.join(', ')}`
      throw new HoldfastError('BUSY', message, {
        hint: `ls -l /proc/${String(users[0])}/fd /proc/${String(users[0])}/cwd`,
      })
    }
    await delay(50)
  }
}

/** Waits until a node serves, or follows with everything. */
export async function backInSync(paths: LocalPaths, topology: Topology, node: number): Promise<void> {
  const deadline = performance.now() + backWithinMs
  for (;;) {
    const state = await stateOf(paths, topology, node)
    if (state !== null && (state.reign !== null || isFollowing(state))) return
    if (performance.now() > deadline) {
      const says = state === null ? 'its agent does not answer' : state.doing
      const message = `redis-${String(node)} is not in sync again: ${says}`
      throw new HoldfastError('TIMEOUT', message, { hint: './holdfast status' })
    }
    await delay(100)
  }
}

function isFollowing({ redis, restarted, intact }: AgentState): boolean {
  return redis.up && redis.linkUp && !redis.syncing && !restarted && intact
}

/** @returns the primary's index, or null while there is none */
export async function primaryOf(paths: LocalPaths, topology: Topology): Promise<number | null> {
  const states = await Promise.all(topology.nodes.map(({ index }) => stateOf(paths, topology, index)))
  return findPrimary(states)?.node ?? null
}

/** Makes a node the primary, or any other than it. Refused for the moment (sentinels that just came back), it asks again. */
export async function handOver(
  paths: LocalPaths,
  topology: Topology,
  wanted: { readonly to: number } | { readonly away: number },
): Promise<void> {
  const signal = AbortSignal.timeout(handOverWithinMs)
  for (;;) {
    const primary = await primaryOf(paths, topology)
    const isSo = 'to' in wanted ? primary === wanted.to : primary !== null && primary !== wanted.away
    if (isSo) return
    try {
      if (primary !== null) {
        await askAgent(
          nodeAt(topology, primary),
          requireSecrets(paths).internal,
          '/switchover',
          'to' in wanted ? { to: wanted.to } : {},
          { failure: 'SWITCHOVER_FAILED', signal },
        )
        continue
      }
    } catch (error) {
      if (signal.aborted) throw error
    }
    if (signal.aborted) {
      const message = `no switchover within ${String(handOverWithinMs)} ms: there is no primary`
      throw new HoldfastError('SWITCHOVER_FAILED', message, { hint: './holdfast status' })
    }
    await delay(500)
  }
}

function stateOf(paths: LocalPaths, topology: Topology, node: number): Promise<AgentState | null> {
  return readAgent(nodeAt(topology, node), requireSecrets(paths).internal, controlAddress)
}
