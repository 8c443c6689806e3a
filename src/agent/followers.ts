import { formatEpoch, type Epoch } from '../insync/record.ts'
import type { NodeTopology } from '../topology/topology.ts'
import type { InspectedRedis } from './redis-link.ts'

/** For how long a primary has had too few followers to answer anything. */
export interface Followers {
  /** @returns ms; 0 while enough acknowledge, for a node that does not reign, and in a reign that never had enough */
  aloneMs(reign: Epoch | null, redis: InspectedRedis, nowMs: number): number
}

interface Follower {
  readonly offset: number
  readonly heardAtMs: number
}

/** A look that comes later than this finds what was sent meanwhile, and not yet what was answered. */
const patientForMs = 1000

/**
 * A primary hears its replicas by what they acknowledge: one is heard when it acknowledged something new, or has all there
 * is. (The primary sends a ping every second: there is always something new.) While this agent or its redis-server was
 * stopped nobody could be heard, so that time does not count.
 */
export function createFollowers(nodes: readonly NodeTopology[], f: number): Followers {
  let followers = new Map<number, Follower>()
  let current = ''
  let lookedAtMs = -Infinity
  let hadEnough = false
  let enoughAtMs = -Infinity

  return {
    aloneMs: (reign, redis, nowMs) => {
      const of = reign === null ? '' : `${formatEpoch(reign)} ${redis.runId}`
      const isNew = of !== current
      if (isNew) hadEnough = false
      if (isNew || nowMs - lookedAtMs > patientForMs) {
        followers = new Map()
        enoughAtMs = nowMs
      }
      current = of
      lookedAtMs = nowMs
      if (reign === null) return 0
      const seen = new Map<number, Follower>()
      for (const { online, address, port, offset } of redis.replicas) {
        const node = nodes.find((each) => each.address === address && each.redisPort === port)
        if (node === undefined || !online) continue
        const known = followers.get(node.index)
        const isHeard = known === undefined || offset > known.offset || offset >= redis.offset
        seen.set(node.index, isHeard ? { offset, heardAtMs: nowMs } : known)
      }
      followers = seen
      // With f + 1 nodes a write is answered: so many others must be heard, each at its last possible moment.
      const heard = [...seen.values()].map(({ heardAtMs }) => heardAtMs).toSorted((a, b) => b - a)
      const enough = heard[f - 1]
      if (enough !== undefined) {
        hadEnough = true
        enoughAtMs = Math.max(enoughAtMs, enough)
      }
      return hadEnough ? nowMs - enoughAtMs : 0
    },
  }
}
