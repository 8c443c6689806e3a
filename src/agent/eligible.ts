import { setTimeout as delay } from 'node:timers/promises'
import type { AgentContext } from './context.ts'
import type { InspectedRedis } from './redis-link.ts'
import { namedByMajority } from './sentinels.ts'

const withinMs = 1200

/**
 * Before a node promotes itself without Sentinel: lets the sentinels see that it may be promoted. A primary does not
 * say its priority any more, so sentinels that still hold it for a 0 could never be brought to name it.
 */
export async function becomeEligible(context: AgentContext, server: InspectedRedis): Promise<void> {
  const { sentinels, topology, node, priority, now } = context
  const deadline = now() + withinMs
  await priority.natural(100, server)
  for (;;) {
    const views = await sentinels.views()
    if (namedByMajority(views, topology.quorum) === node.index) return
    const up = views.filter((view) => view.up)
    const seen = await Promise.all(up.map((view) => sentinels.prioritiesSeenBy(view.index).catch(() => null)))
    if (up.length >= topology.quorum && seen.every((each) => each?.get(node.index) === 100)) return
    if (now() > deadline) return
    await delay(20)
  }
}
