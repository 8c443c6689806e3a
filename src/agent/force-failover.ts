import { setTimeout as delay } from 'node:timers/promises'
import { otherNodes, type AgentContext } from './context.ts'

/**
 * Starts a failover at once, because this agent saw the primary die. Never from a minority: a forced failover asks
 * nobody, so it is only asked for while a majority of the sentinels answers and none is at it already.
 * Gives up when somebody serves again, or after `withinMs`.
 */
export async function forceFailover(context: AgentContext, withinMs: number): Promise<void> {
  const { sentinels, topology, node, log, now } = context
  const deadline = now() + withinMs
  await Promise.all(
    otherNodes(context).map((other) => context.peers.alert(other.index).catch(() => undefined)),
  )
  const someoneServes = () =>
    context.store.get().reign !== null || context.seen.peers.some((peer) => peer?.reign != null)
  while (now() < deadline) {
    const views = await sentinels.views()
    const up = views.filter((view) => view.up)
    if (up.some((view) => view.failoverInProgress)) return
    if (up.some((view) => view.primary !== null && view.primary !== node.index)) return
    if (someoneServes()) return
    const ready = up.filter((view) => !view.tilt)
    const chosen = ready.find((view) => view.index === node.index) ?? ready[0]
    if (up.length >= topology.quorum && chosen !== undefined) {
      const refused = await sentinels.forceFailover(chosen.index)
      log.info({ sentinel: chosen.index, refused }, 'the primary died here: asked for a failover')
      if (refused === null || refused.startsWith('INPROG')) return
    }
    await delay(100)
  }
}
