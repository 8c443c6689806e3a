import type { Redis } from 'ioredis'
import { checkLists } from '../checkers/lists.ts'
import { nameFor, namesFor } from './own-and-shared.ts'
import { startAtRedis } from './redis-workload.ts'
import type { Workload } from './workload.ts'

const sharedLists = 2
/** Values that one LRANGE reads: an answer of moderate size. */
const chunkLength = 5000

export const append: Workload = {
  name: 'append',
  description: 'RPUSH of values that are all different: at the end each is there once, and in order',
  needs: 'redis',
  start: (options) => {
    const { callers, timeoutMs, now } = options
    const prefix = `${options.prefix}append:`
    const keys = namesFor(callers, sharedLists).map((name) => prefix + name)
    return startAtRedis(options, {
      name: 'append',
      keys,
      perform: async (caller, turn, ended) => {
        const key = prefix + nameFor(turn, sharedLists)
        const value = `${turn.caller}.${turn.turn}`
        const startMs = now()
        const outcome = await caller.send(timeoutMs, (redis) => redis.rpush(key, value))
        ended({ at: caller.at, startMs, call: { do: 'append', key, value }, outcome })
      },
      readEnd: async (redis) => {
        const lists = new Map<string, readonly string[]>()
        for (const key of keys) lists.set(key, await readList(redis, key))
        return lists
      },
      check: (operations, end) => checkLists(operations, end ?? new Map()),
    })
  },
}

async function readList(redis: Redis, key: string): Promise<readonly string[]> {
  const list: string[] = []
  for (;;) {
    const chunk = await redis.lrange(key, list.length, list.length + chunkLength - 1)
    list.push(...chunk)
    if (chunk.length < chunkLength) return list
  }
}
