import type { Status } from '../targets/status.ts'
import type { WorkloadVerdict } from './workloads/workload.ts'

/** All that a run found: `verify --json` prints it, and the report is made of it and nothing else. Fields are added, never renamed. */
export interface VerifyResult {
  /** `unproved`: nothing wrong was seen, and not everything could be read or healed. */
  readonly verdict: 'proved' | 'violated' | 'unproved'
  /** The verdict in plain sentences, the first one for somebody who reads no other. */
  readonly words: readonly string[]
  readonly command: string
  readonly seed: number
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  readonly versions: Readonly<Record<string, string>>
  readonly subject: {
    readonly name: string
    readonly target: string
    readonly settings: Readonly<Record<string, string>>
  }
  readonly totals: {
    readonly acknowledged: number
    readonly lost: number
    readonly twice: number
    readonly back: number
    /** Other anomalies. */
    readonly other: number
    /** Errors that no fault explains, by kind. */
    readonly errors: Readonly<Record<string, number>>
    /** Errors that a fault explains (what a dead process had in hand; too few nodes), by kind. */
    readonly explained: Readonly<Record<string, number>>
    /** The longest time in which nothing was answered, and the longest that one caller waited, in milliseconds. */
    readonly longestGapMs: number
    readonly longestCallMs: number
  }
  readonly workloads: readonly WorkloadVerdict[]
  readonly faults: readonly FaultResult[]
  /** Failovers and switchovers, from the gateway's own log: milliseconds after `lost`, null where that step was not seen. */
  readonly failovers: readonly {
    readonly atMs: number
    readonly node: string
    readonly steps: Readonly<Record<string, number | null>>
  }[]
  /** One entry a bucket of `bucketMs`. Latencies in milliseconds, null where nothing ended. */
  readonly series: {
    readonly bucketMs: number
    readonly p50: readonly (number | null)[]
    readonly p99: readonly (number | null)[]
    readonly max: readonly (number | null)[]
    readonly answered: readonly number[]
    readonly errors: readonly number[]
  }
  /** What was looked at after everything was healed. */
  readonly closing: readonly { readonly name: string; readonly passed: boolean; readonly words: string }[]
  readonly before: Status | null
  readonly after: Status | null
}

export interface FaultResult {
  readonly name: string
  /** Milliseconds since the run began: broken, healed, and everything healthy again (null: not seen). */
  readonly startMs: number
  readonly endMs: number
  readonly healthyMs: number | null
  /** What it did to whom. */
  readonly did: readonly string[]
  /** Null: it did what it should; else why it could not. */
  readonly failed: string | null
  readonly longestGapMs: number
  readonly longestCallMs: number
  readonly errors: Readonly<Record<string, number>>
  readonly explained: Readonly<Record<string, number>>
}
