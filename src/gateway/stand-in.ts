import type { RedisCredentials } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { SessionState } from './session-state.ts'

export interface StandInOptions {
  /** Whom it stands in for. */
  readonly user: string
  /** Has that user's rights, and may select the markers' database. */
  readonly as: RedisCredentials
  /** Another password of that user, that does not change: clients' own may, while their connections go on. */
  readonly password: string
}

/**
 * Who may not select the markers' database has its markers kept by another user, on the same connection: what a client sends itself
 * runs as the client's user before and after.
 */
export interface StandIn {
  readonly enter: Buffer
  readonly leave: Buffer
}

/** @returns null: the session's user keeps its markers itself, or cannot */
export function standInFor(options: StandInOptions | undefined, state: SessionState): StandIn | null {
  // whoever never said who they are would be somebody afterwards
  if (options === undefined || state.anonymous || state.user !== options.user) return null
  const { user, as, password } = options
  return {
    enter: encodeCommand(['AUTH', as.user, as.password]),
    leave: encodeCommand(['AUTH', user, password]),
  }
}
