import type { Operation } from '../operation.ts'
import { runSchedule, type Turn } from './schedule.ts'
import type { WorkloadOptions } from './workload.ts'

/** One call, or one try of it, that has just ended. */
export type Ended = Pick<Operation, 'at' | 'startMs' | 'call' | 'outcome'>

export interface Calls {
  readonly operations: readonly Operation[]
  stop(): Promise<void>
}

/**
 * Calls as the options' schedule says, and keeps what came of it.
 * @param perform makes the call of that turn and hands over each try as it ends; must not reject
 */
export function runCalls(
  workload: string,
  { callers, ratePerSecond, now }: WorkloadOptions,
  perform: (turn: Turn, ended: (operation: Ended) => void) => Promise<void>,
): Calls {
  const operations: Operation[] = []
  const call = async (turn: Turn) => {
    const { caller, dueMs } = turn
    await perform(turn, (operation) => {
      operations.push({ workload, caller, dueMs, endMs: now(), ...operation })
    })
    return 0
  }
  const schedule = runSchedule({ callers, ratePerSecond, now, call })
  return { operations, stop: () => schedule.stop() }
}
