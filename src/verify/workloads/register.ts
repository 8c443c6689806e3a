import { checkRegisters } from '../checkers/registers.ts'
import type { Call, Outcome } from '../operation.ts'
import { readValues } from './end-state.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload } from './workload.ts'

const registers = 4

export const register: Workload = {
  name: 'register',
  description:
    'SET and GET of a few keys by all callers: no answer is older than one given before (linearizable)',
  needs: 'redis',
  start: (options) => {
    const { timeoutMs, now, random } = options
    const keys = Array.from({ length: registers }, (_, index) => `${options.prefix}register:${index}`)
    return startAtRedis(options, {
      name: 'register',
      keys,
      perform: async (caller, turn, ended) => {
        const key = keys[Math.floor(random() * registers)] ?? ''
        const value = `${turn.caller}.${turn.turn}`
        const call: Call = random() < 0.5 ? { do: 'read', key } : { do: 'write', key, value }
        const startMs = now()
        const outcome: Outcome =
          call.do === 'read'
            ? await caller.send(timeoutMs, (redis) => redis.get(key))
            : await caller.send(timeoutMs, (redis) => redis.set(key, value))
        ended({ at: caller.at, startMs, call, outcome })
      },
      readEnd: (redis) => readValues(redis, keys),
      check: (operations, end) => checkRegisters(operations, end ?? new Map()),
    })
  },
}
