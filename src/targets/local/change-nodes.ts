import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { nodePaths } from '../../agent/servers.ts'
import { HoldfastError } from '../../errors.ts'
import { counts } from '../../insync/majorities.ts'
import { writeFileDurably } from '../../platform/files.ts'
import { nextStage, stageInWords, withStage, type Stage } from '../../topology/stages.ts'
import { majoritiesOf, type NodeTopology, type Topology } from '../../topology/topology.ts'
import { findPrimary } from '../nodes.ts'
import type { TargetContext } from '../target.ts'
import { askAgent, readAgent } from './agent-client.ts'
import { setMark } from './in-sync-mark.ts'
import { noteSettings } from './node-settings.ts'
import { observe } from './observation.ts'
import type { LocalPaths } from './paths.ts'
import { requireSecrets, requireTopology } from './state-files.ts'

const takenUpWithinMs = 60_000
const pollMs = 100

/**
 * Brings a running deployment to another number of nodes, stage by stage. topology.json says which stage is in force, so that the
 * next call goes on where this one ended, in whatever way.
 * @param settle brings everything to what topology.json says, and waits until it is healthy
 * @throws HoldfastError when something is wrong that the change would make worse: it stays at its stage, in which everything serves
 */
export async function changeNodes(
  paths: LocalPaths,
  wanted: readonly NodeTopology[],
  settle: (topology: Topology) => Promise<unknown>,
  context: TargetContext,
): Promise<string[]> {
  const before = requireTopology(paths).nodes.length
  for (;;) {
    const present = requireTopology(paths)
    await inForce(paths, present, context)
    const stage = nextStage(present, wanted)
    if (stage === null) break
    await mayBegin(paths, present, stage, context)
    context.progress.step(stageInWords(present, stage))
    const next = withStage(present, stage)
    for (const { index } of next.nodes.slice(present.nodes.length)) forgetNode(paths, index)
    writeFileDurably(paths.topology, JSON.stringify(next, null, 2))
    noteSettings(paths, { ...next, nodes: next.nodes.slice(present.nodes.length) })
    await settle(next)
    for (const { index } of present.nodes.slice(next.nodes.length)) forgetNode(paths, index)
  }
  return before === wanted.length ? [] : [`${String(wanted.length)} Redis nodes instead of ${String(before)}`]
}

/** What was there of a node that is none any more: what it held is on the others. */
function forgetNode(paths: LocalPaths, index: number): void {
  rmSync(nodePaths(paths.stateDir, index).directory, { recursive: true, force: true })
}

/** Everybody goes by the present stage, and something was confirmed by it since. */
async function inForce(
  paths: LocalPaths,
  present: Topology,
  { signal, progress }: TargetContext,
): Promise<void> {
  const secrets = requireSecrets(paths)
  const majorities = JSON.stringify(majoritiesOf(present))
  const deadline = performance.now() + takenUpWithinMs
  for (;;) {
    signal.throwIfAborted()
    const { agents, gateway } = await observe(paths, present, secrets, 0)
    const late = agents.findIndex((agent) => JSON.stringify(agent?.majorities) !== majorities)
    const isGatewayLate = JSON.stringify(gateway?.majorities) !== majorities
    if (late < 0 && !isGatewayLate) break
    const who = late < 0 ? 'the gateway' : `agent-${String(late)}`
    if (performance.now() > deadline) throw paused(`${who} has not taken up the number of nodes`)
    progress.waiting(`${who} to take up the number of nodes`)
    await delay(pollMs)
  }
  await setMark(present, secrets, signal, paused)
}

/** The nodes that will count hold everything; those that will not are neither primary nor in the in-sync set. */
async function mayBegin(
  paths: LocalPaths,
  present: Topology,
  next: Stage,
  context: TargetContext,
): Promise<void> {
  const { internal } = requireSecrets(paths)
  const { signal, progress } = context
  const willCount = ({ index }: NodeTopology) => counts(index, majoritiesOf(next))
  const joining = next.nodes.filter((node) => willCount(node) && !counts(node.index, majoritiesOf(present)))
  const leaving = present.nodes.filter((node) => !willCount(node))
  const deadline = performance.now() + takenUpWithinMs
  for (;;) {
    signal.throwIfAborted()
    const agents = await Promise.all(present.nodes.map((node) => readAgent(node, internal)))
    const primary = findPrimary(agents)
    const missing = joining.find(({ index }) => {
      const agent = agents[index]
      return agent?.intact !== true || agent.restarted || !agent.redis.linkUp
    })
    const reigning = leaving.find(({ index }) => index === primary?.node)
    const named = leaving.find(({ index }) => primary?.redis.record?.members.includes(index) === true)
    // A stage in which they still count is left by them only once they do not: the agents write them out then.
    const isGone = next.nodes.length < present.nodes.length
    if (
      primary !== null &&
      missing === undefined &&
      reigning === undefined &&
      (!isGone || named === undefined)
    )
      return
    const what = wordsFor({ missing, reigning, named })
    if (missing === undefined && performance.now() > deadline) throw paused(what)
    progress.waiting(what)
    if (primary !== null && reigning !== undefined) await handOver(present, next, reigning, internal, signal)
    await delay(pollMs)
  }
}

function wordsFor(seen: {
  readonly missing: NodeTopology | undefined
  readonly reigning: NodeTopology | undefined
  readonly named: NodeTopology | undefined
}): string {
  if (seen.missing !== undefined) return `${seen.missing.name} to be filled`
  if (seen.reigning !== undefined) return `${seen.reigning.name} to hand over`
  if (seen.named !== undefined) return `${seen.named.name} to leave the in-sync set`
  return 'a primary'
}

/** To the first that will count and takes it; refused while none is ready: asked again. */
async function handOver(
  present: Topology,
  next: Stage,
  primary: NodeTopology,
  internal: string,
  signal: AbortSignal,
): Promise<void> {
  for (const { index } of present.nodes.filter((node) => counts(node.index, majoritiesOf(next)))) {
    try {
      await askAgent(
        primary,
        internal,
        '/switchover',
        { to: index },
        { failure: 'SWITCHOVER_FAILED', signal },
      )
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof HoldfastError)) throw error
    }
  }
}

function paused(why: string): HoldfastError {
  return new HoldfastError('TIMEOUT', `the change of the number of nodes pauses: ${why}`, {
    hint: './holdfast status shows what is wrong, and everything serves meanwhile; then ./holdfast up goes on.',
  })
}
