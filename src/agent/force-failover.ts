import { setTimeout as delay } from 'node:timers/promises'
import { otherNodes, type AgentContext } from './context.ts'

/**
 * Starts a failover at once, because this agent saw the primary die, or come back as none, or is beside one that nobody can
 * follow. Never from a minority: a forced
 * failover asks nobody, so it is only asked for while a majority of the sentinels answers and none is at it already.
 * Gives up when somebody serves again, or after `withinMs`.
 *
 * @param gone whom the sentinels still take for the primary, by index
 */
export async function forceFailover(context: AgentContext, withinMs: number, gone: number): Promise<void> {
  const { sentinels, topology, node, log, now } = context
  const deadline = now() + withinMs
  await Promise.all(
    otherNodes(context).map((other) => context.peers.alert(other.index).catch(() => undefined)),
  )
  // Its own reign while nobody can follow it is no reason to give up; one that begins or ends meanwhile is.
  const { reign } = context.store.get()
  const someoneServes = () =>
    context.store.get().reign !== reign || context.seen.peers.some((peer) => peer?.reign != null)
  while (now() < deadline) {
    const views = await sentinels.views()
    const up = views.filter((view) => view.up)
    if (up.some((view) => view.failoverInProgress)) return
    if (up.some((view) => view.primary !== null && view.primary !== gone)) return
    if (someoneServes()) return
    const ready = up.filter((view) => !view.tilt)
    const chosen = ready.find((view) => view.index === node.index) ?? ready[0]
    if (up.length >= topology.quorum && chosen !== undefined) {
      const refused = await sentinels.forceFailover(chosen.index)
      log.info({ sentinel: chosen.index, gone, refused }, 'the primary is gone: asked for a failover')
      if (refused === null || refused.startsWith('INPROG')) return
    }
    await delay(100)
  }
}
