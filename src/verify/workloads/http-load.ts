import { Agent } from 'node:http'
import type { Counted, CountedHistory } from '../checkers/counted.ts'
import type { Outcome } from '../operation.ts'
import { callCounter } from './http-call.ts'
import { nameFor } from './own-and-shared.ts'
import { runSchedule, type Turn } from './schedule.ts'

export interface LoadOptions {
  /** Where the counter answers, without a path: `http://127.0.0.1:8080`. */
  readonly baseUrl: string
  /** At most so many calls are under way at a time, on as many kept-alive connections. */
  readonly callers: number
  /**
   * Calls due in a second, whatever the answers do: a stall is then seen as latency. Left out, each caller
   * calls again as soon as it is answered.
   */
  readonly ratePerSecond?: number
  /** Begins every id of this load; two loads at a time need two. Ids with it should not exist before. */
  readonly idPrefix: string
  /** Every second call of each caller goes to one of so many ids that all callers share. Default 2; 0: none. */
  readonly sharedIds?: number
  /** Default 20 s: above the counter's own limit. */
  readonly timeoutMs?: number
  /** Default: until it is stopped. */
  readonly durationMs?: number
  readonly signal?: AbortSignal
}

/** A load that is running. */
export interface Load {
  /** All calls that have ended so far; it grows. */
  readonly history: CountedHistory
  /** All of it, once the duration is over or the signal aborted and the last call has ended. */
  readonly finished: Promise<CountedHistory>
  /** Starts no more calls; resolves with all of them once the last has ended. */
  stop(): Promise<CountedHistory>
  /** Resolves once so many more calls have been answered with a count; rejects when the load ends before. */
  answered(calls: number): Promise<void>
}

/** Starts calling `GET /:id`; what goes wrong becomes an outcome in the history, never an error. */
export function runLoad(options: LoadOptions): Load {
  const { baseUrl, callers, idPrefix, sharedIds = 2, timeoutMs = 20_000, durationMs, ratePerSecond } = options
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const timeout = durationMs === undefined ? [] : [AbortSignal.timeout(durationMs)]
  const signal = AbortSignal.any([...timeout, ...(options.signal ? [options.signal] : [])])
  const history: Counted[] = []
  const watchers = new Set<(outcome: Outcome<number> | undefined) => void>()
  let over = false

  const call = async (turn: Turn) => {
    const id = idPrefix + nameFor(turn, sharedIds)
    const startMs = performance.now()
    const outcome = await callCounter(`${baseUrl}/${encodeURIComponent(id)}`, agent, timeoutMs)
    const { caller, dueMs } = turn
    history.push({ id, caller, dueMs, startMs, endMs: performance.now(), outcome })
    for (const watcher of [...watchers]) watcher(outcome)
    return outcome.kind === 'refused' && ratePerSecond === undefined ? 10 : 0
  }

  const schedule = runSchedule({ callers, ratePerSecond, now: () => performance.now(), signal, call })
  const finished = schedule.finished.then((): CountedHistory => {
    over = true
    agent.destroy()
    for (const watcher of [...watchers]) watcher(undefined)
    return history
  })
  return {
    history,
    finished,
    stop: () => {
      void schedule.stop()
      return finished
    },
    answered: (calls) =>
      new Promise((resolve, reject) => {
        let missing = calls
        if (over) reject(new Error('The load is over.'))
        const watcher = (outcome: Outcome<number> | undefined) => {
          if (outcome?.kind === 'ok') missing -= 1
          if (outcome && missing > 0) return
          watchers.delete(watcher)
          if (missing > 0) reject(new Error(`The load ended ${missing} answers short of ${calls}.`))
          else resolve()
        }
        watchers.add(watcher)
      }),
  }
}
