import type { InSyncRecord } from '../insync/record.ts'
import { poolOptions, type PoolParts } from './pool-options.ts'
import { Pools } from './pools.ts'

interface Confirmations {
  readonly waitMs: number
  record: InSyncRecord | null
}

export interface PoolsParts extends Pick<PoolParts, 'hub' | 'gateway' | 'layout' | 'suspect' | 'note'> {
  readonly confirmer: Confirmations
  /** Of the primary when it was taken up: until something was confirmed. */
  readonly firstMembers: () => number
  readonly confirmed: (tookMs: number) => void
}

/** The connections that sessions share, by user, database and protocol. */
export function makePools({ confirmer, firstMembers, confirmed, ...parts }: PoolsParts): Pools {
  const { removeMarkers, setter } = parts.hub
  return new Pools(
    (shared, number) =>
      poolOptions(shared, number, {
        ...parts,
        waitMs: () => confirmer.waitMs,
        members: () => confirmer.record?.members.length ?? firstMembers(),
        confirmedRecord: (record, tookMs) => {
          confirmer.record = record
          confirmed(tookMs)
        },
      }),
    removeMarkers,
    setter,
  )
}
