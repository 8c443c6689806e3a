import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../../errors.ts'
import { readIfExists, writeFileDurably } from '../../platform/files.ts'
import type { NodeTopology, Topology } from '../../topology/topology.ts'
import type { TargetContext } from '../target.ts'
import { askAgent } from './agent-client.ts'
import { serverFingerprint } from './component-fingerprints.ts'
import type { LocalPaths } from './paths.ts'
import { requireSecrets } from './state-files.ts'
import { waitUntilReady } from './wait-ready.ts'

const restartPatienceMs = 60_000

/** Notes that the nodes have, or will start with, what the topology says. */
export function noteSettings(paths: LocalPaths, topology: Topology): void {
  for (const node of topology.nodes) note(paths, topology, node)
}

/**
 * Starts those redis-servers anew that run with other settings, one at a time, the next only when all are in sync again.
 * The agent of the primary switches over first.
 */
export async function settleNodes(
  paths: LocalPaths,
  topology: Topology,
  context: TargetContext,
): Promise<string[]> {
  const outdated = topology.nodes.filter(
    ({ name }) => readIfExists(paths.fingerprint(name)) !== serverFingerprint(topology),
  )
  for (const node of outdated) {
    await restartNode(paths, topology, node, context)
    note(paths, topology, node)
  }
  return outdated.map(({ name }) => `${name} has new settings`)
}

/** A primary refuses while no replica is ready to take over: asked again until then. */
async function restartNode(
  paths: LocalPaths,
  topology: Topology,
  node: NodeTopology,
  context: TargetContext,
): Promise<void> {
  const { internal } = requireSecrets(paths)
  const deadline = performance.now() + restartPatienceMs
  for (;;) {
    await waitUntilReady(paths, topology, context)
    context.progress.step(`${node.name} is started anew with its new settings`)
    try {
      await askAgent(
        node,
        internal,
        '/restart',
        { component: 'redis' },
        { failure: 'BUSY', signal: context.signal },
      )
      return
    } catch (error) {
      const isRefused = error instanceof HoldfastError && error.code === 'BUSY'
      if (!isRefused || performance.now() > deadline) throw error
      context.progress.waiting(error.message)
      await delay(500)
    }
  }
}

function note(paths: LocalPaths, topology: Topology, { name }: NodeTopology): void {
  writeFileDurably(paths.fingerprint(name), serverFingerprint(topology))
}
