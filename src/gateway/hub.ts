import type { Primary } from '../discovery/discovery.ts'
import type { RedisClient, RedisCredentials } from '../discovery/redis-client.ts'
import type { Blocking } from './blocking.ts'
import type { Counters } from './counters.ts'
import type { CommandTable } from './command-table.ts'
import type { Confirmable } from './confirmer.ts'
import type { Connect } from './connection.ts'
import type { Door } from './door.ts'
import type { Ack, Delivery, GatewayLimits } from '../spec/gateway-settings.ts'
import type { Pool } from './pool.ts'
import type { Resting } from './resting.ts'
import type { ScriptCache } from './script-cache.ts'
import type { Session } from './session.ts'
import type { SessionState } from './session-state.ts'
import type { Traffic } from './traffic.ts'

/** What a session needs of the gateway around it. */
export interface Hub {
  readonly gatewayId: string
  readonly holdMs: number
  readonly delivery: Delivery
  readonly ack: Ack
  /** Databases a client can see. */
  readonly databases: number
  readonly markersDb: number
  /** Where the record of the in-sync set is; empty: there is none. */
  readonly recordKey: string
  /** Whether Redis asked the last one for a password: until they gave it, clients may send little. */
  readonly strangers: { refused: boolean }
  readonly limits: GatewayLimits
  readonly traffic: Traffic
  readonly counters: Counters
  readonly connect: Connect
  readonly door: Door
  readonly scripts: ScriptCache
  /** Who waits for an element. */
  readonly blocking: Blocking
  /** What sessions keep and do not use. */
  readonly resting: Resting
  /** Who sets connections up for sessions: may do all of it. */
  readonly setter: RedisCredentials | null
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Where commands go; null: nowhere now. */
  readonly target: () => Primary | null
  /** As the present primary told them, when there is a target. */
  readonly commands: () => CommandTable
  /** A switchover asks that nothing new is sent. */
  readonly holding: () => boolean
  /** The lanes of this user, database and protocol. */
  readonly poolOf: (state: SessionState) => Pool
  /** The same as the gateway's own user, for what the session's user was found to be allowed. */
  readonly elevatedPoolOf: (state: SessionState) => Pool
  readonly release: (pool: Pool) => void
  /** The gateway's own connection to the primary. */
  readonly control: () => RedisClient | null
  readonly confirm: (one: Confirmable) => void
  /** Takes markers away that nobody will ask for again. */
  readonly removeMarkers: (keys: readonly string[]) => void
  /** Something waits that time may end. */
  readonly watch: () => void
  /** The next number of a marker that is not a lane's: what one left may be taken away late, so none has the name of another. */
  readonly nextMarker: () => number
  /** The next number for CLIENT ID. */
  readonly nextId: () => number
  readonly closed: (session: Session) => void
}
