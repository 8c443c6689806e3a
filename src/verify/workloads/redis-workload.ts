import type { Redis } from 'ioredis'
import { HoldfastError } from '../../errors.ts'
import { verdictOf, type Judged } from '../checkers/judged.ts'
import type { Operation } from '../operation.ts'
import { removeKeys, withFirst } from './end-state.ts'
import { RedisCaller } from './redis-caller.ts'
import { runCalls, type Ended } from './run-workload.ts'
import type { Turn } from './schedule.ts'
import type { RunningWorkload, WorkloadOptions } from './workload.ts'

/** What one workload at Redis adds to what they all do. */
export interface RedisWorkload<End> {
  readonly name: string
  /** All that it may write. */
  readonly keys: readonly string[]
  /** Makes the call of that turn; must not reject. */
  perform(caller: RedisCaller, turn: Turn, ended: (operation: Ended) => void): Promise<void>
  /** What there is at the end, read more than once if need be. */
  readEnd(redis: Redis): Promise<End>
  /** @param end null: it could not be read */
  check(operations: readonly Operation[], end: End | null): Judged
}

/**
 * Starts it: caller n calls the n-th endpoint, in turn.
 * Rejects with a HoldfastError where there is no Redis to call.
 */
export function startAtRedis<End>(
  options: WorkloadOptions,
  workload: RedisWorkload<End>,
): Promise<RunningWorkload> {
  return Promise.resolve().then(() => start(options, workload))
}

function start<End>(options: WorkloadOptions, workload: RedisWorkload<End>): RunningWorkload {
  const { name, keys } = workload
  const endpoints = options.endpoints.redis
  const callers = Array.from({ length: options.callers }, (_, caller) => {
    const endpoint = endpoints[caller % endpoints.length]
    if (!endpoint)
      throw new HoldfastError('USAGE', `The workload ${name} calls a Redis, and there is none.`, {
        exitCode: 2,
      })
    return new RedisCaller(endpoint)
  })
  const calls = runCalls(name, options, async (turn, ended) => {
    const caller = callers[turn.caller]
    if (caller) await workload.perform(caller, turn, ended)
  })
  return {
    name,
    operations: calls.operations,
    stop: () => calls.stop(),
    judge: async () => {
      const read = await withFirst(endpoints, options.timeoutMs, (redis) => workload.readEnd(redis)).then(
        (end) => ({ end, notes: [] }),
        (error: unknown) => ({
          end: null,
          notes: [`the end could not be read: ${(error as Error).message}`],
        }),
      )
      const judged = workload.check(calls.operations, read.end)
      return verdictOf(name, calls.operations, { ...judged, notes: [...judged.notes, ...read.notes] })
    },
    remove: async () => {
      for (const caller of callers) caller.close()
      await removeKeys(endpoints, options.timeoutMs, keys)
    },
  }
}
