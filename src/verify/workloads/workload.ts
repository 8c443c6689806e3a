import type { Operation } from '../operation.ts'

export interface RedisEndpoint {
  readonly host: string
  readonly port: number
  readonly password: string
  readonly db: number
}

/** What is called. */
export interface Endpoints {
  /** Of a counter, without a path: `http://127.0.0.1:8080`; null when there is none. */
  readonly url: string | null
  /** Whatever looks like one Redis: callers are dealt out over them in turn. */
  readonly redis: readonly RedisEndpoint[]
}

export interface WorkloadOptions {
  readonly endpoints: Endpoints
  /** Begins every key: nobody else's begin so. */
  readonly prefix: string
  readonly callers: number
  /** Calls due in a second over all callers, whatever the answers do: a stall is seen as latency. */
  readonly ratePerSecond: number
  /** A call that takes longer is given up; its outcome is unknown. Above the gateway's hold. */
  readonly timeoutMs: number
  /** [0, 1) */
  readonly random: () => number
  /** Milliseconds since the run began. */
  readonly now: () => number
}

/** Something that a sound system does not do. */
export interface Anomaly {
  readonly kind: 'lost' | 'twice' | 'back' | 'reset' | 'extra' | 'wrong' | 'order' | 'stale' | 'sum'
  /** Acknowledged effects that it stands for (counts lost, …); at least 1. */
  readonly count: number
  /** One plain sentence that names the key and what was expected and seen. */
  readonly words: string
  /** When it showed, milliseconds since the run began; null: only at the end. */
  readonly atMs: number | null
}

export interface WorkloadVerdict {
  readonly workload: string
  /** `unproved`: nothing wrong was seen, and the end state could not be read. */
  readonly result: 'sound' | 'violated' | 'unproved'
  readonly anomalies: readonly Anomaly[]
  readonly acknowledged: number
  readonly unknown: number
  readonly refused: number
  /** What was checked, and what is doubled or missing by the caller's own doing (`impatient`), in words. */
  readonly notes: readonly string[]
}

export interface RunningWorkload {
  readonly name: string
  /** All that has ended so far, in the order in which it ended; it grows. */
  readonly operations: readonly Operation[]
  /** Starts no more; resolves once the last call has ended. Idempotent. */
  stop(): Promise<void>
  /** After `stop`: reads what is there now and judges all of it. Never rejects because it cannot be read: `unproved`. */
  judge(): Promise<WorkloadVerdict>
  /** Removes its keys and closes its connections. */
  remove(): Promise<void>
}

export interface Workload {
  readonly name: string
  /** For `--list`: one line. */
  readonly description: string
  readonly needs: 'http' | 'redis'
  start(options: WorkloadOptions): Promise<RunningWorkload>
}
