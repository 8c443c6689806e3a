import type { Primary } from '../discovery/discovery.ts'
import type { CommandTable } from './command-table.ts'
import type { Session } from './session.ts'
import type { Traffic } from './traffic.ts'

/** What a session needs of the gateway around it. */
export interface Hub {
  readonly holdMs: number
  /** Databases a client can see. */
  readonly databases: number
  readonly markersDb: number
  readonly passwordRequired: boolean
  readonly limits: SessionLimits
  readonly traffic: Traffic
  readonly counters: Counters
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Where commands go; null: nowhere now. */
  readonly target: () => Primary | null
  readonly commands: () => CommandTable
  /** A switchover asks that nothing new is sent; what is within a transaction may end it until all is quiet. */
  readonly holding: (inTransaction: boolean) => boolean
  /** A switchover is under way, everybody holds, and writes are paused on the old primary. */
  readonly planned: () => boolean
  /** The session holds answers that arrived just now: confirm them. */
  readonly confirm: (session: Session) => void
  /** Something waits that time may end. */
  readonly watch: () => void
  readonly closed: (session: Session) => void
}

export interface SessionLimits {
  /** A client is not read from while it has more than this waiting to be sent, in bytes or in commands. */
  readonly parkedBytes: number
  readonly parkedCommands: number
  /** The same for all sessions together. */
  readonly allParkedBytes: number
  /** The primary is not read from while a client has more than this of answers to take. */
  readonly answerBytes: number
}

export interface Counters {
  uncertain: number
  tryAgain: number
  inFlightLost: number
  /** Milliseconds a parked command waited. */
  readonly parkedFor: (milliseconds: number) => void
}
