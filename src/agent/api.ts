import type { Majorities } from '../insync/majorities.ts'
import type { Epoch, InSyncRecord } from '../insync/record.ts'

/**
 * The agents' HTTP interface, on the node's address and `agentPort`, JSON, `authorization: Bearer <internal secret>`.
 * GET /state -> AgentState; POST /fence FenceRequest -> FenceReply; POST /follow FollowRequest -> {followed: boolean, why?};
 * POST /switchover {to?: number} -> {primary: string} | 409 {error, hint}; POST /restart {component: 'redis'|'sentinel'} -> {};
 * POST /stop {} -> {} (stops sentinel and redis orderly, then the agent ends).
 * GET /live, GET /ready -> 200 | 503, without the header: for the probes of a container.
 */
export interface AgentState {
  readonly node: number
  /** Process that answers. */
  readonly pid: number
  readonly promise: Epoch
  /** Its data holds everything it ever acknowledged: bootstrapped or fully synced since its volume was created. */
  readonly intact: boolean
  /** Neither data nor sentinel state: only a deployment whose nodes are all virgin is bootstrapped. */
  readonly virgin: boolean
  /** It began the deployment, and f others do not have their copy yet. */
  readonly founding: boolean
  /** Asked to end, with its servers. */
  readonly stopping: boolean
  /** Its redis-server has not been in sync (or primary) since it started. */
  readonly restarted: boolean
  readonly redis: RedisState
  readonly sentinel: {
    readonly up: boolean
    readonly primarySeen: string | null
    readonly epoch: number
    /** It has no state: it never ran here, or its volume was emptied. */
    readonly blank?: boolean
  }
  /** Of what sets of nodes, by index, it takes a majority to be needed; left out by an older release. */
  readonly majorities?: Majorities
  /** Set while this node is the primary and its gate has passed. */
  readonly reign: Epoch | null
  /** What the agent is doing or waits for, in words. */
  readonly doing: string
  readonly problems: readonly { readonly code: string; readonly message: string; readonly hint: string }[]
}

export interface RedisState {
  readonly up: boolean
  readonly loading: boolean
  readonly role: 'master' | 'slave' | 'unknown'
  /** `host:port` that it follows; null for a master. */
  readonly follows: string | null
  readonly linkUp: boolean
  readonly syncing: boolean
  readonly replid: string
  readonly offset: number
  readonly record: InSyncRecord | null
}

export interface FenceRequest {
  readonly epoch: Epoch
}

export type FenceReply =
  | {
      readonly granted: true
      readonly node: number
      readonly intact: boolean
      readonly virgin: boolean
      /** Its redis-server has not been in sync since it started. */
      readonly restarted: boolean
      readonly record: InSyncRecord | null
      readonly offset: number
      readonly replid: string
    }
  | { readonly granted: false; readonly node: number; readonly promise: Epoch | null; readonly why: string }

export interface FollowRequest {
  readonly epoch: Epoch
  readonly record: InSyncRecord
  /** Of a bootstrap: a node that has nothing has promised nothing to anybody. */
  readonly founding?: boolean
}
