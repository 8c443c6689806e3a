import type { Epoch } from '../insync/record.ts'
import type { Topology } from '../topology/topology.ts'
import type { RedisAddress, RedisCredentials } from './redis-client.ts'
import type { StandaloneSettings } from './rules.ts'
import type { FailoverStage } from './sentinel-view.ts'

/** A node that qualified, for as long as it is followed. */
export interface Primary {
  /** Index in the topology; null: standalone, where nodes have addresses only. */
  readonly node: number | null
  readonly address: RedisAddress
  /** Of this reign and no other. Standalone: Sentinel's configuration epoch, and how often a primary was taken up. */
  readonly epoch: Epoch
  readonly run: string
  /** The in-sync set's members when it was taken up; standalone: none. */
  readonly members: readonly number[]
}

/** A step in a failover: what sentinels tell, and what this discovery saw itself, for its timeline. */
export type FailoverMoment = FailoverStage | 'lost' | 'master' | 'taken'

interface DiscoveryCallbacks {
  /** For the nodes: a user with all rights. */
  readonly nodeCredentials: RedisCredentials | null
  readonly sentinelCredentials: RedisCredentials | null
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** A new primary: everything of the one before is void. */
  readonly onPrimary: (primary: Primary) => void
  /** The present primary's reign has ended; there is none until the next `onPrimary`. */
  readonly onOver: (why: string) => void
  /** The link to the present primary came or went; it remains the primary. */
  readonly onLink: (up: boolean, why: string) => void
  /** A message on the control channel of the present primary. */
  readonly onControl: (message: string) => void
  /** What is worth a line in the log. */
  readonly onNote: (note: string, details: Readonly<Record<string, unknown>>) => void
  readonly onMoment?: (moment: FailoverMoment, atMs: number) => void
}

/** A deployment of our own: agents, a record, a gate. */
interface DeploymentOptions extends DiscoveryCallbacks {
  readonly kind?: 'deployment'
  readonly topology: Topology
}

/** A Sentinel deployment that somebody else set up: only who the sentinels say, and what the node says of itself. */
interface StandaloneOptions extends DiscoveryCallbacks, StandaloneSettings {
  readonly kind: 'standalone'
}

export type DiscoveryOptions = DeploymentOptions | StandaloneOptions
