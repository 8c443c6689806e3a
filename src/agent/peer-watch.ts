import { setTimeout as delay } from 'node:timers/promises'
import type { AgentState } from './api.ts'
import { otherNodes, type AgentContext } from './context.ts'

const everyMs = { calm: 1000, busy: 200, alert: 60 } as const
const answerWithinMs = 400

export interface PeerWatch {
  stop(): void
}

/**
 * Keeps `context.seen.peers` fresh, each peer on its own: one that hangs delays nobody. Null: did not answer just now.
 * @param pace how much is going on
 */
export function watchPeers(context: AgentContext, pace: () => keyof typeof everyMs): PeerWatch {
  let stopped = false
  const isStopped = () => stopped
  const states: (AgentState | null)[] = context.topology.nodes.map(() => null)
  const watch = async (index: number) => {
    while (!isStopped()) {
      states[index] = await context.peers.state(index, answerWithinMs).catch(() => null)
      context.seen.peers = [...states]
      const askedAt = context.now()
      while (!isStopped() && context.now() - askedAt < everyMs[pace()]) await delay(20)
    }
  }
  for (const node of otherNodes(context)) void watch(node.index)
  return {
    stop: () => {
      stopped = true
    },
  }
}
