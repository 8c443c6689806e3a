import { addressKey } from './address.ts'
import type { RedisAddress } from './redis-client.ts'

/** A sentinel as another one lists it. */
export interface OtherSentinel {
  readonly id: string
  readonly address: RedisAddress
}

/** A sentinel of the list that was given, and what it said. */
export interface ListedSentinel {
  readonly address: RedisAddress
  /** Null: not known yet. */
  readonly id: string | null
  /** The others it last listed; what it said before it fell silent still counts. */
  readonly others: readonly OtherSentinel[]
}

/**
 * The sentinels beside the listed ones: those that more than half of the listed name, so that one that lies can neither outvote
 * the others with strangers nor silence them. A listed one that is named by another address (its host name was given) is known
 * by its id.
 */
export function learnedSentinels(listed: readonly ListedSentinel[]): readonly RedisAddress[] {
  const isListed = new Set<string>()
  for (const { id, address } of listed) {
    isListed.add(addressKey(address))
    if (id !== null) isListed.add(id)
  }
  const named = new Map<string, { readonly address: RedisAddress; count: number }>()
  for (const { others } of listed) {
    for (const { id, address } of new Map(others.map((other) => [other.id, other])).values()) {
      const key = addressKey(address)
      if (isListed.has(id) || isListed.has(key)) continue
      const seen = named.get(key) ?? { address, count: 0 }
      seen.count += 1
      named.set(key, seen)
    }
  }
  return [...named.values()].filter(({ count }) => count > listed.length / 2).map(({ address }) => address)
}
