import type { RedisCredentials } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import { Pool, type PoolOptions } from './pool.ts'
import type { SessionState } from './session-state.ts'

/** What a pool's connections have in common. */
export interface SharedState {
  readonly db: number
  readonly protocol: 2 | 3
  readonly user: string
  readonly elevated: boolean
  /** Its sessions never said who they are. */
  readonly anonymous: boolean
  /** Gives a new connection its user, protocol and database. */
  readonly commands: readonly Buffer[]
}

/** An unused pool is kept for this long: the next client of its kind is often near. */
const keptMs = 5000

/** The pools of all users, databases and protocols. */
export class Pools {
  private readonly byIdentity = new Map<string, Pool>()
  private readonly make: (state: SharedState, number: number) => PoolOptions
  private readonly removeMarkers: (keys: readonly string[]) => void
  private readonly setter: RedisCredentials | null
  private made = 0

  constructor(
    make: (state: SharedState, number: number) => PoolOptions,
    removeMarkers: (keys: readonly string[]) => void,
    setter: RedisCredentials | null,
  ) {
    this.make = make
    this.removeMarkers = removeMarkers
    this.setter = setter
  }

  /** None of them has sent anything whose outcome is not known. */
  get quiet(): boolean {
    for (const pool of this.byIdentity.values()) if (pool.busy) return false
    return true
  }

  of(state: SessionState): Pool {
    const { db, protocol, user } = state
    return this.take(state.identity, () => ({
      db,
      protocol,
      user,
      elevated: false,
      anonymous: state.anonymous,
      commands: state.restoreShared(this.setter),
    }))
  }

  /** As the gateway's own user, with the session's database and protocol. */
  elevated({ db, protocol }: SessionState): Pool {
    const { setter } = this
    return this.take(`gateway ${String(db)} ${String(protocol)}`, () => {
      const commands: (readonly string[])[] = setter === null ? [] : [['AUTH', setter.user, setter.password]]
      if (protocol === 3) commands.push(['HELLO', '3'])
      if (db !== 0) commands.push(['SELECT', String(db)])
      return {
        db,
        protocol,
        user: setter?.user ?? 'default',
        elevated: true,
        anonymous: false,
        commands: commands.map((args) => encodeCommand(args)),
      }
    })
  }

  private take(identity: string, shared: () => SharedState): Pool {
    let pool = this.byIdentity.get(identity)
    if (pool === undefined) {
      pool = new Pool(this.make(shared(), this.made++))
      this.byIdentity.set(identity, pool)
    }
    pool.users++
    return pool
  }

  release(pool: Pool): void {
    pool.users--
    this.discardLater(pool)
  }

  private discardLater(pool: Pool): void {
    if (pool.users > 0) return
    setTimeout(() => {
      if (pool.users > 0) return
      // what it has under way ends some time
      if (pool.busy) this.discardLater(pool)
      else this.forget(pool)
    }, keptMs).unref()
  }

  private forget(pool: Pool): void {
    for (const [identity, one] of this.byIdentity) {
      if (one !== pool) continue
      this.byIdentity.delete(identity)
      this.removeMarkers(pool.discard())
    }
  }

  schedule(): void {
    for (const pool of this.byIdentity.values()) pool.schedule()
  }

  primaryOver(): void {
    for (const pool of this.byIdentity.values()) pool.primaryOver()
  }

  /** @see Pool.closeSilent */
  closeSilent(sinceMs: number): void {
    for (const pool of this.byIdentity.values()) pool.closeSilent(sinceMs)
  }

  /** @returns the markers' keys, to be removed */
  discard(): readonly string[] {
    const keys = [...this.byIdentity.values()].flatMap((pool) => pool.discard())
    this.byIdentity.clear()
    return keys
  }
}
