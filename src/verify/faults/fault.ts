import type { NodeStatus, Status } from '../../targets/status.ts'
import type { PathCut } from '../errors.ts'
import type { Endpoints } from '../workloads/workload.ts'

/**
 * What a target can do to a running deployment. Whatever it breaks is written down before it is broken (`undo`), and is
 * healed by `heal`, by Ctrl-C, and by a guardian process when verify itself is killed.
 */
export interface FaultDriver {
  /** Why it cannot be done here, in words with what to type; null when it can. */
  why(capability: Capability): string | null
  observe(): Promise<Status>
  /** `redis-0`, `agent-1`, `app-2`, `gateway`, `front-door`, `supervisor`, …: what runs now. */
  components(): Promise<readonly string[]>
  /** A component as it is right now; null when it does not run. */
  process(component: string): Promise<RunningProcess | null>
  /** The pid that is signalled must be one of the deployment's own. STOP is undone by CONT. */
  signal(component: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  /** Several at once: as one moment as one process can make it. Those that do not run are left out. */
  signalAll(components: readonly string[], signal: 'KILL' | 'STOP' | 'CONT'): Promise<void>
  /** A planned restart, by the supervisor. */
  restart(component: string): Promise<void>
  switchover(to: string | undefined, signal: AbortSignal): Promise<void>
  scale(instances: number): Promise<void>
  refresh(): Promise<void>
  /** Starts what was stopped or killed and that nobody starts by itself (`./holdfast up`). */
  startAll(): Promise<void>
  /**
   * Nothing gets from any of `from` to any of `to`, nor back. Adds to what is cut already.
   * @param only `sentinels`: only what a sentinel says or hears (also what it asks a redis-server);
   *   `replication`: only what redis-servers say to each other
   */
  cut(from: readonly Place[], to: readonly Place[], only?: 'sentinels' | 'replication'): Promise<void>
  /** What arrives at this node from others takes so much longer, each way. */
  delay(node: number, milliseconds: number): Promise<void>
  /** Everything that was cut or delayed is whole again. */
  healNetwork(): Promise<void>
  /** A command to one node's redis-server itself, as an administrator. @returns the decoded reply */
  redis(node: number, words: readonly string[]): Promise<unknown>
  sentinel(node: number, words: readonly string[]): Promise<unknown>
  /** As `redis`, for what has to be undone: `undo` is noted before, and run on the same node by `heal`. */
  change(node: number, words: readonly string[], undo: readonly string[]): Promise<unknown>
  /** A command through the gateway, as an application gives it, on a connection of its own. @returns the decoded reply */
  gateway(words: readonly string[]): Promise<unknown>
  /** The node's data and sentinel state are gone; its processes die with them, and come back to find nothing. */
  emptyVolume(node: number): Promise<void>
  /** No byte more can be written to the node's volume until it is healed. */
  fillDisk(node: number): Promise<void>
  /** Writes to the node's volume hang until it is healed. */
  stallDisk(node: number): Promise<void>
  /** The node's wall clock is so much ahead (or behind, below 0) of the others' until it is healed. */
  stepClock(node: number, milliseconds: number): Promise<void>
  /**
   * A redis-server of somebody else, without the replication user's secret, wants to replicate this node. It runs until
   * it is healed. `attached`: it got the data.
   * @param as with no password, or with that of the applications
   */
  attachForeign(
    node: number,
    as: 'nobody' | 'application',
  ): Promise<{ readonly attached: boolean; readonly says: string }>
  /**
   * Everything that is broken by this driver is whole again. Idempotent.
   * @throws HoldfastError with all that could not be healed; it stays noted for the next attempt
   */
  heal(): Promise<void>
  /** Heals, and lets the guardian go. Nothing may be asked afterwards. */
  close(): Promise<void>
  /** Of a cluster. */
  readonly pods?: PodFaults
  /** How this machine reaches it until it is closed; left out: by the addresses that it has. */
  reach?(): Promise<Reach>
  /** How long it may take until everything is healthy again; left out: a minute. */
  readonly healthyWithinMs?: number
}

/** Pods are named by what is in them: `redis-0`, `gateway-1`, `app-0`. Each resolves once they are gone; others come by themselves. */
export interface PodFaults {
  /** All at once, each with its grace period (kubectl delete pod). */
  delete(components: readonly string[], signal: AbortSignal): Promise<void>
  deleteWithVolume(node: number, signal: AbortSignal): Promise<void>
  /** Closes the machine that it is on, and evicts the deployment's pods from there; nobody else's (kubectl drain). */
  drain(
    component: string,
    signal: AbortSignal,
  ): Promise<{ readonly machine: string; readonly evicted: readonly string[] }>
  /** What `drain` has closed takes pods again. */
  reopen(): Promise<void>
}

export interface Reach extends Endpoints {
  readonly url: string
  /** For the report. */
  readonly words: string
  /** Connections that were lost on the way, and not by what they were made to. */
  readonly cuts: () => readonly PathCut[]
}

export interface RunningProcess {
  /** No other process of the component has it, before or after: that of the system, or one that the target gives. */
  readonly pid: number
  readonly stopped: boolean
}

export type Capability =
  | 'signal'
  /** Processes of the application. */
  | 'signal-app'
  /** Each instance has a gateway beside it. */
  | 'sidecars'
  | 'front-door'
  | 'pods'
  | 'claims'
  | 'drain'
  | 'restart'
  | 'switchover'
  | 'scale'
  | 'refresh'
  | 'network'
  | 'delay'
  | 'redis'
  | 'volume'
  | 'disk'
  | 'disk-stall'
  | 'clock'
  | 'foreign'
  | 'supervisor'

/** A node (its redis-server, sentinel and agent), or where gateways and applications are. */
export type Place = number | 'gateway'

/** What a fault is handed while it runs. */
export interface FaultContext {
  readonly driver: FaultDriver
  readonly random: () => number
  readonly signal: AbortSignal
  /** What it does to whom, for the live line and the report: `redis-1 (primary) killed`. */
  readonly did: (words: string) => void
  /** Resolves after so long; rejects when the run is aborted. */
  readonly pause: (milliseconds: number) => Promise<void>
  /** Resolves once `check` answers true; rejects with what it said last after `limitMs`. */
  readonly until: (what: string, limitMs: number, check: () => Promise<true | string>) => Promise<void>
  /** Resolves once so many more calls were answered; rejects when that takes longer than limitMs. */
  readonly answered: (calls: number, limitMs: number) => Promise<void>
  readonly nodes: () => Promise<{ readonly primary: NodeStatus; readonly replicas: readonly NodeStatus[] }>
}

export interface Fault {
  /** As `--faults` takes it: `kill-primary`. */
  readonly name: string
  /** For `--list` and the report: one line. */
  readonly description: string
  readonly needs: readonly Capability[]
  /** Fewest nodes and instances that it makes sense with. */
  readonly atLeast?: { readonly nodes?: number; readonly instances?: number }
  readonly atMost?: { readonly nodes?: number }
  /**
   * What is stored does not survive it, whoever stored it: refused unless the run is explicitly allowed to, and no
   * count of a workload that runs beside it can be predicted.
   */
  readonly destroys?: 'data'
  /**
   * Calls that may end in an error while it lasts, and why, in words for the report. Left out: none may.
   * `in-hand`: what a dead instance, gateway or front door had in hand. `unavailable`: more than f nodes are gone,
   * so commands wait past hold and are refused. `out-of-memory`: Redis itself refuses writes, in its own words.
   * `gateway-left`: a gateway that is told to end closes its connections, and with them what a client of Redis sends just then;
   * callers of the application notice nothing.
   */
  readonly explains?: 'in-hand' | 'gateway-left' | 'unavailable' | 'out-of-memory'
  /**
   * Nodes that are lost while it lasts and until everything is healthy again: faults overlap while their sum is at most
   * f. Left out: it runs alone.
   */
  readonly takesNodes?: number
  /** About how long it takes, recovery not counted, in milliseconds: the plan is made with it. */
  readonly lastsMs: number
  /** Part of the sensible mix that `verify` without arguments takes from. */
  readonly ordinary: boolean
  run(context: FaultContext): Promise<void>
}
