import type { ManagedProcess } from '../../platform/managed-process.ts'
import type { KeeperState } from './keeper.ts'

/** Keeps one component running. */
export interface ComponentKeeper {
  readonly state: KeeperState
  start(): void
  /** It stays down. */
  stop(graceMs: number): Promise<void>
  /** Like stop, but asks by a signal that means more to it than SIGTERM. */
  leave(signal: NodeJS.Signals, patienceMs: number): Promise<void>
  /** Ends it and starts it with what is in force now. @param by asks it to end in a better way than SIGTERM; null: there is none */
  renew(by: NodeJS.Signals | null, patienceMs: number): Promise<void>
  /** Tells the one that runs. */
  signal(signal: NodeJS.Signals): unknown
}

/** Starts components, and knows with what settings each was started. */
export interface Workshop {
  /** @param adopted runs already */
  keeper(component: string, adopted: ManagedProcess | null): ComponentKeeper
  /** What runs (or ran last) was started with other settings. */
  isOutdated(component: string): boolean
  /** The gateway that runs knows other limits: it takes them up while it runs, without being started anew. */
  areLimitsOutdated(): boolean
  noteLimits(): void
  /** Another set of instances takes requests. */
  readyChanged(): void
  /** Everything that was there is kept now. */
  begun(): void
  close(): Promise<void>
}

/** What there is when a supervisor begins. */
export interface Found {
  readonly running: ReadonlyMap<string, ManagedProcess>
  /** Indices of the instances that there are, or are to be. */
  readonly instances: readonly number[]
}
