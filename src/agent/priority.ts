import type { InspectedRedis, RedisLink } from './redis-link.ts'

/** The replica-priority that Sentinel sees: 0 keeps a node from being promoted. */
export interface Priority {
  /** What the node's own state calls for. Set when the server says something else, which anybody may have set, or is another. */
  natural(value: 0 | 100, server: Pick<InspectedRedis, 'runId' | 'priority'>): Promise<void>
  /** Overrides it for a while. */
  override(value: number, forMs: number): Promise<void>
}

export function createPriority(redis: Pick<RedisLink, 'setPriority'>, now: () => number): Priority {
  let set = { value: Number.NaN, runId: '' }
  let natural = { value: 0, runId: '' }
  let overridden = { value: 0, until: -Infinity }
  /** @param seen what the server said a moment ago; null: it did not say */
  const apply = async (seen: number | null) => {
    const value = now() < overridden.until ? overridden.value : natural.value
    const stands = seen === null || seen === value
    if (stands && set.value === value && set.runId === natural.runId) return
    await redis.setPriority(value)
    set = { value, runId: natural.runId }
  }
  return {
    natural: (value, { runId, priority }) => {
      natural = { value, runId }
      return apply(priority)
    },
    override: (value, forMs) => {
      overridden = { value, until: now() + forMs }
      return apply(null)
    },
  }
}
