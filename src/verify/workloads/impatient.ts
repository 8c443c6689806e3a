import { judgeImpatient } from '../checkers/impatient.ts'
import { abandonedWhy } from '../operation.ts'
import { readCounts } from './end-state.ts'
import { nameFor, namesFor } from './own-and-shared.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload } from './workload.ts'

const sharedKeys = 1
/** Where impatient clients give up. */
const patienceMs = 1000

/** Each try is an operation of its own, due when the first one was. */
export const impatient: Workload = {
  name: 'impatient',
  description:
    'INCR by a client that gives up after 1 s and tries again on a new connection: what it doubles is predicted',
  needs: 'redis',
  start: (options) => {
    const { callers, timeoutMs, now } = options
    const prefix = `${options.prefix}impatient:`
    const keys = namesFor(callers, sharedKeys).map((name) => prefix + name)
    return startAtRedis(options, {
      name: 'impatient',
      keys,
      perform: async (caller, turn, ended) => {
        const key = prefix + nameFor(turn, sharedKeys)
        for (let again = true; again;) {
          const startMs = now()
          const outcome = await caller.send(patienceMs, (redis) => redis.incr(key))
          // A timer may be a little early.
          const gaveUp = outcome.kind !== 'ok' && now() - startMs > patienceMs - 5
          again = gaveUp && now() - turn.dueMs < timeoutMs
          const told = again && outcome.kind !== 'ok' ? { kind: outcome.kind, why: abandonedWhy } : outcome
          ended({ at: caller.at, startMs, call: { do: 'count', key }, outcome: told })
        }
      },
      readEnd: (redis) => readCounts(redis, keys),
      check: (operations, end) => judgeImpatient(operations, end ?? new Map()),
    })
  },
}
