import type { Readable, Writable } from 'node:stream'
import type { BackupManifest } from '../backup/manifest.ts'
import type { Topology } from '../topology/topology.ts'
import type { FaultDriver } from '../verify/faults/fault.ts'
import type { Status } from './status.ts'

/** Progress for a person: what is being done, and what is waited for. Printed to stderr by the CLI. */
export interface Progress {
  /** A step that was done or begins: one plain line. */
  step(text: string): void
  /** What is waited for right now; replaces the last wait on a terminal. */
  waiting(text: string): void
}

export interface TargetContext {
  readonly progress: Progress
  /** Aborted by Ctrl-C: stop at a point that `up` or `down` continues from, and throw the signal's reason. */
  readonly signal: AbortSignal
}

/** Secrets of a deployment. Never printed. */
export interface Secrets {
  /** What applications and other clients authenticate with. */
  readonly password: string
  /** Between Holdfast's own parts: its Redis users and the agents' interface. */
  readonly internal: string
}

export interface BackupRequest {
  /** Absolute. */
  readonly file: string
  /** Whether it may exist. */
  readonly overwrite: boolean
  /** The effective spec, without secrets; see BackupManifest. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Version of Holdfast. */
  readonly holdfast: string
}

export interface BackupResult {
  readonly file: string
  readonly bytes: number
  readonly manifest: BackupManifest
}

export interface RestoreRequest {
  /** Absolute. */
  readonly file: string
  /** Whether a deployment that has data may lose it. */
  readonly overwrite: boolean
  readonly topology: Topology
  /** As apply takes it. */
  readonly password: string | null
}

export interface RestoreResult {
  readonly manifest: BackupManifest
  /** Keys in all databases of clients. */
  readonly keys: number
  /** Where the data is that was there before; null: there was none. */
  readonly aside: string | null
}

export interface RotateRequest {
  /** From the spec; null: a generated one. */
  readonly password: string | null
  /** The old one stays valid, until the next call. */
  readonly keepOld: boolean
}

export interface Rotation {
  /** False: what the spec says is in force already. */
  readonly changed: boolean
  /** It finished one that had been interrupted, or had kept the old password. */
  readonly resumed: boolean
  readonly bothValid: boolean
}

/** What a program in the foreground reads and writes. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Somebody sits at it. */
  readonly isInteractive: boolean
  readonly signal: AbortSignal
}

/** Where a deployment runs. Small on purpose. */
export interface Target {
  readonly kind: 'local' | 'kubernetes'
  /** Where it is, for a person: a directory, or a namespace of a cluster. */
  readonly place: string
  /** What runs. Never throws because something is down: that is what it reports. */
  observe(): Promise<Status>
  /**
   * Brings what runs to the topology. Idempotent.
   * @param password what the spec says: null means generate once and keep
   * @returns what was changed, one line each; empty when nothing was to do
   */
  apply(topology: Topology, password: string | null, context: TargetContext): Promise<readonly string[]>
  /** What `apply` would change, as the lines of a diff; empty: nothing. Changes nothing. */
  plan(topology: Topology, password: string | null, context: TargetContext): Promise<readonly string[]>
  /** Stops everything; data stays unless `purge`. */
  remove(options: { readonly purge: boolean }, context: TargetContext): Promise<readonly string[]>
  /** Number of instances until the next apply. */
  scale(instances: number, context: TargetContext): Promise<void>
  /** Rolls the instances one by one, so that each runs the application as it is now. */
  refresh(context: TargetContext): Promise<void>
  /** @param to `redis-1`; undefined: the best replica. @returns the new primary's name */
  switchover(to: string | undefined, context: TargetContext): Promise<string>
  restart(component: string, context: TargetContext): Promise<void>
  /** Lines of one component's log, or of all. With `follow` it ends when the signal aborts. */
  logs(
    component: string | undefined,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<string>
  /** What applications need to connect. Throws NOT_RUNNING when there is no deployment. */
  connection(): Promise<{
    readonly host: string
    readonly port: number
    readonly password: string
    readonly db: number
  }>
  /**
   * Writes everything that was answered before into a file, which then is there whole or not at all.
   * @throws HoldfastError BACKUP_FAILED, WOULD_OVERWRITE, DISK_FULL, NOT_RUNNING
   */
  backup?(request: BackupRequest, context: TargetContext): Promise<BackupResult>
  /**
   * Replaces all data by that of a backup and starts everything. Nothing of the deployment is touched before the data has been
   * loaded and found whole.
   * @throws HoldfastError BACKUP_INVALID, WOULD_OVERWRITE, RESTORE_FAILED, DISK_FULL
   */
  restore?(request: RestoreRequest, context: TargetContext): Promise<RestoreResult>
  /**
   * Gives clients another password while everything runs. Interrupted at any point, the next call goes on from there.
   * @throws HoldfastError NOT_RUNNING, TIMEOUT
   */
  rotatePassword?(request: RotateRequest, context: TargetContext): Promise<Rotation>
  /** Redis' own client, run where the deployment is; left out: here. @returns its exit code */
  redisCli?(args: readonly string[], terminal: Terminal): Promise<number>
  /**
   * What `verify` can break here; left out: nothing. One at a time: `close` it.
   * @throws HoldfastError BUSY while another verify is at work, NOT_RUNNING when there is no deployment
   */
  faults?(): Promise<FaultDriver>
}
