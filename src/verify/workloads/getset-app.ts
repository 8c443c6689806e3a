import { checkAdvances } from '../checkers/advances.ts'
import type { Outcome } from '../operation.ts'
import { readCounts } from './end-state.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload } from './workload.ts'

/** The counter as it is found in the wild: it takes every error of GET for a key that is not there yet. */
export const getsetApp: Workload = {
  name: 'getset-app',
  description: 'a naive counter, GET then SET, that begins again at 1 on any error: it never goes back',
  needs: 'redis',
  start: (options) => {
    const { callers, timeoutMs, now } = options
    const keys = Array.from({ length: callers }, (_, caller) => `${options.prefix}getset-app:${caller}`)
    return startAtRedis(options, {
      name: 'getset-app',
      keys,
      perform: async (caller, turn, ended) => {
        const key = keys[turn.caller] ?? ''
        const startMs = now()
        const got = await caller.send(timeoutMs, (redis) => redis.get(key))
        const read = got.kind === 'ok' ? Number(got.answer ?? 0) : null
        const wrote = (read ?? 0) + 1
        const set = await caller.send(timeoutMs, (redis) => redis.set(key, wrote))
        ended({
          at: caller.at,
          startMs,
          call: { do: 'advance', key, read, wrote },
          outcome: outcomeOf(got, set, wrote),
        })
      },
      readEnd: (redis) => readCounts(redis, keys),
      check: (operations, end) => checkAdvances(operations, end ?? new Map()),
    })
  },
}

/** An error that the program swallowed is the call's outcome, though its user was answered 1. */
function outcomeOf(got: Outcome, set: Outcome, wrote: number): Outcome {
  if (got.kind !== 'ok') return { kind: 'unknown', why: got.why }
  return set.kind === 'ok' ? { kind: 'ok', answer: wrote } : set
}
