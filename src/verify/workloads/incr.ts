import { judgeCounts } from '../checkers/judge-counts.ts'
import { readCounts } from './end-state.ts'
import { nameFor, namesFor } from './own-and-shared.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload } from './workload.ts'

const sharedKeys = 2

/** INCR, as a program sends it that knows nothing of Sentinel. */
export const incr: Workload = {
  name: 'incr',
  description: 'INCR at the gateway: keys of one caller each, counted exactly, and keys that all share',
  needs: 'redis',
  start: (options) => {
    const { callers, timeoutMs, now } = options
    const prefix = `${options.prefix}incr:`
    const keys = namesFor(callers, sharedKeys).map((name) => prefix + name)
    return startAtRedis(options, {
      name: 'incr',
      keys,
      perform: async (caller, turn, ended) => {
        const key = prefix + nameFor(turn, sharedKeys)
        const startMs = now()
        const outcome = await caller.send(timeoutMs, (redis) => redis.incr(key))
        ended({ at: caller.at, startMs, call: { do: 'count', key }, outcome })
      },
      readEnd: (redis) => readCounts(redis, keys),
      check: (operations, end) => judgeCounts(operations, end ?? new Map()),
    })
  },
}
