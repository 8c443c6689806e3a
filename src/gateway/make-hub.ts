import { randomBytes } from 'node:crypto'
import type { Discovery, Primary } from '../discovery/discovery.ts'
import { recordKey } from '../insync/record.ts'
import { Blocking } from './blocking.ts'
import type { CommandTable } from './command-table.ts'
import type { Confirmable } from './confirmer.ts'
import { plainConnect } from './connection.ts'
import type { Counters } from './counters.ts'
import type { Door } from './door.ts'
import type { GatewayOptions } from './gateway-options.ts'
import type { Hub } from './hub.ts'
import type { Pools } from './pools.ts'
import { Resting } from './resting.ts'
import { ScriptCache } from './script-cache.ts'
import type { Session } from './session.ts'
import { noTraffic } from './traffic.ts'

export interface HubParts extends GatewayOptions {
  readonly now: () => number
  readonly door: Door
  readonly counters: Counters
  readonly discovery: Discovery
  readonly target: () => Primary | null
  readonly commands: () => CommandTable
  readonly holding: () => boolean
  readonly pools: () => Pools
  readonly confirm: (one: Confirmable) => void
  readonly removeMarkers: (keys: readonly string[]) => void
  readonly watch: () => void
  readonly closed: (session: Session) => void
}

/** No connection of Redis ever has such a number: CLIENT KILL ID with a session's is about nobody else. */
const firstId = 2 ** 40

/** What sessions see of the gateway. */
export function makeHub(parts: HubParts): Hub {
  const { gateway, redis } = parts.topology
  const connect = parts.connect ?? plainConnect
  let lastId = firstId
  let lastMarker = 0
  return {
    gatewayId: randomBytes(6).toString('hex'),
    holdMs: gateway.holdMs,
    delivery: gateway.delivery,
    ack: gateway.ack,
    databases: redis.databases,
    markersDb: redis.markersDb,
    recordKey: parts.standalone === undefined ? recordKey : '',
    strangers: { refused: parts.passwordRequired ?? false },
    limits: { ...(parts.limits ?? gateway.limits) },
    traffic: noTraffic(),
    counters: parts.counters,
    connect,
    scripts: new ScriptCache(),
    door: parts.door,
    blocking: new Blocking({ connect, setter: parts.nodeCredentials, target: parts.target }),
    resting: new Resting(),
    setter: parts.nodeCredentials,
    now: parts.now,
    target: parts.target,
    commands: parts.commands,
    holding: parts.holding,
    poolOf: (state) => parts.pools().of(state),
    elevatedPoolOf: (state) => parts.pools().elevated(state),
    control: () => parts.discovery.connection,
    release: (pool) => {
      parts.pools().release(pool)
    },
    confirm: parts.confirm,
    removeMarkers: parts.removeMarkers,
    watch: parts.watch,
    nextId: () => ++lastId,
    nextMarker: () => ++lastMarker,
    closed: parts.closed,
  }
}
