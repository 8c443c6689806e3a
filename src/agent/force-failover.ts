import { setTimeout as delay } from 'node:timers/promises'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import { otherNodes, type AgentContext } from './context.ts'
import type { SentinelView } from './sentinels.ts'

export interface FailoverOptions {
  /** Whom the sentinels still take for the primary, by index. */
  readonly gone: number
  /** How long it goes on asking; 0: once. */
  readonly withinMs: number
}

/** served: somebody does again, nothing is to be asked for. asked: a sentinel is at it now. late: neither, in all that time. */
export type FailoverOutcome = 'served' | 'asked' | 'late'

const againMs = 100

/**
 * Starts a failover at once, because this agent saw the primary die, or come back as none, or is beside one that nobody can
 * follow: its own reign, in the same process, is then no reason to give up.
 */
export async function forceFailover(
  context: AgentContext,
  { gone, withinMs }: FailoverOptions,
): Promise<FailoverOutcome> {
  const { sentinels, topology, node, log, now } = context
  const deadline = now() + withinMs
  const before = context.store.get().reign
  // Nobody waits for them: one that hangs must not delay the others.
  for (const other of otherNodes(context)) context.peers.alert(other.index).catch(() => undefined)
  const someoneServes = () => {
    const { reign } = context.store.get()
    const isNew = reign !== null && reign.runId !== before?.runId
    // Not one that served before this node did, and was last seen then.
    const isLater = (epoch: Epoch) => before === null || compareEpochs(epoch, before.epoch) > 0
    return isNew || context.seen.peers.some((peer) => peer?.reign != null && isLater(peer.reign))
  }
  for (;;) {
    const views = await sentinels.views()
    if (someoneServes()) return 'served'
    const through = whomToAsk(views, { gone, quorum: topology.quorum, me: node.index })
    if (through !== null) {
      const refused = await sentinels.forceFailover(through)
      log.info({ sentinel: through, gone, refused }, 'the primary is gone: asked for a failover')
      if (refused === null) return 'asked'
    }
    if (now() + againMs > deadline) return 'late'
    await delay(againMs)
  }
}

/**
 * The sentinel to force a failover through, by index: the own one if it can. Null: none for now. Never from a minority, because
 * a forced failover asks nobody: only while a majority of them answers. Nor while one is at it, or names somebody else already:
 * that may be the failover that is wanted, and a second one promotes a second node.
 */
export function whomToAsk(
  views: readonly SentinelView[],
  { gone, quorum, me }: { readonly gone: number; readonly quorum: number; readonly me: number },
): number | null {
  const up = views.filter((view) => view.up)
  const isUnderWay = up.some(
    ({ failoverInProgress, primary }) => failoverInProgress || (primary !== null && primary !== gone),
  )
  if (up.length < quorum || isUnderWay) return null
  const ready = up.filter((view) => !view.tilt)
  return (ready.find((view) => view.index === me) ?? ready[0])?.index ?? null
}
