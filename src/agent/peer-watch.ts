import type { AgentState } from './api.ts'
import { otherNodes, type AgentContext } from './context.ts'

const everyMs = { calm: 1000, busy: 200, alert: 60 } as const
const answerWithinMs = 400

export interface PeerWatch {
  /** To be told whenever more may be going on than before. */
  hurry(): void
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
  const sleepers = new Set<() => void>()
  // Woken rather than waking up to look: these loops wait most of the time, and there are two of them beside every node.
  const sleep = (forMs: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, forMs)
      sleepers.add(wake)
    })
  const hurry = () => {
    for (const wake of sleepers) wake()
  }
  const watch = async (index: number) => {
    while (!isStopped()) {
      states[index] = await context.peers.state(index, answerWithinMs).catch(() => null)
      context.seen.peers = [...states]
      const askedAt = context.now()
      const leftMs = () => everyMs[pace()] - (context.now() - askedAt)
      while (!isStopped() && leftMs() > 0) await sleep(leftMs())
    }
  }
  for (const node of otherNodes(context)) void watch(node.index)
  return {
    hurry,
    stop: () => {
      stopped = true
      hurry()
    },
  }
}
