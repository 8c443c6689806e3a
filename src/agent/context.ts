import type { InSyncRecord } from '../insync/record.ts'
import type { Logger } from '../platform/log.ts'
import type { Mutex } from '../platform/mutex.ts'
import type { NodeTopology, Topology } from '../topology/topology.ts'
import type { AgentState } from './api.ts'
import type { StateStore } from './durable-state.ts'
import type { AgentClient } from './peers.ts'
import type { InspectedRedis, RedisLink } from './redis-link.ts'
import type { Sentinels } from './sentinels.ts'
import type { Priority } from './priority.ts'

/** What the parts of one agent share. */
export interface AgentContext {
  readonly topology: Topology
  readonly node: NodeTopology
  readonly store: StateStore
  readonly redis: RedisLink
  readonly sentinels: Sentinels
  readonly peers: AgentClient
  readonly priority: Priority
  readonly log: Logger
  /** Held while this node changes whom it follows or what it promised. */
  readonly exclusively: Mutex
  /** Monotonic, in ms. */
  readonly now: () => number
  /** What the others said last, by node index. */
  readonly seen: {
    peers: readonly (AgentState | null)[]
    redis: InspectedRedis
    /** The last record this very redis-server was seen with: FLUSHALL may erase it, what it stood for is still there. */
    record: { readonly runId: string; readonly stream: string; readonly record: InSyncRecord } | null
    /** A switchover from this node is under way: its own connection may be blocked by the pause. */
    switching: boolean
  }
  /** Looks for a promotion every few milliseconds for a while. */
  readonly beAlert: () => void
  /** This node's gate has passed: whoever names another primary is to be told. */
  readonly onServes: () => void
}

export function otherNodes(context: AgentContext): readonly NodeTopology[] {
  return context.topology.nodes.filter((node) => node.index !== context.node.index)
}

/**
 * The record that a node vouches for: its own, or the one that was erased from it while its process went on in the same
 * stream. After a full sync from another primary it would vouch for what it no longer has.
 */
export function vouchedRecord(context: AgentContext, redis: InspectedRedis): InSyncRecord | null {
  const { record: last } = context.seen
  const { syncedRun } = context.store.get()
  if (redis.record !== null || last === null) return redis.record
  const isSame = last.runId === redis.runId && [redis.replid, redis.formerReplid].includes(last.stream)
  return isSame && syncedRun === redis.runId ? last.record : null
}
