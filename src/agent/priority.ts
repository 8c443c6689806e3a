import type { RedisLink } from './redis-link.ts'

/** The replica-priority that Sentinel sees: 0 keeps a node from being promoted. */
export interface Priority {
  /** What the node's own state calls for. Set on the server only when it changes or the server is another. */
  natural(value: 0 | 100, runId: string): Promise<void>
  /** Overrides it for a while. */
  override(value: number, forMs: number): Promise<void>
}

export function createPriority(redis: RedisLink, now: () => number): Priority {
  let set = { value: Number.NaN, runId: '' }
  let natural = { value: 0, runId: '' }
  let overridden = { value: 0, until: -Infinity }
  const apply = async () => {
    const value = now() < overridden.until ? overridden.value : natural.value
    if (set.value === value && set.runId === natural.runId) return
    await redis.setPriority(value)
    set = { value, runId: natural.runId }
  }
  return {
    natural: (value, runId) => {
      natural = { value, runId }
      return apply()
    },
    override: (value, forMs) => {
      overridden = { value, until: now() + forMs }
      return apply()
    },
  }
}
