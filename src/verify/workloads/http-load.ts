import { Agent } from 'node:http'
import type { Counted, CountedHistory } from '../checkers/counted.ts'
import type { Outcome } from '../operation.ts'
import { callCounter } from './http-call.ts'

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
  const ended = new AbortController()
  const timeout = durationMs === undefined ? [] : [AbortSignal.timeout(durationMs)]
  const signal = AbortSignal.any([ended.signal, ...timeout, ...(options.signal ? [options.signal] : [])])
  const history: Counted[] = []
  const watchers = new Set<(outcome: Outcome<number> | undefined) => void>()
  const finished = Promise.withResolvers<CountedHistory>()
  const free = Array.from({ length: callers }, (_, caller) => ({ caller, calls: 0 }))
  const beganMs = performance.now()
  const stepMs = ratePerSecond === undefined ? undefined : 1000 / ratePerSecond
  let started = 0
  let over = false
  let timer: NodeJS.Timeout | undefined

  const idOf = ({ caller, calls }: { readonly caller: number; readonly calls: number }) =>
    sharedIds > 0 && calls % 2 === 1
      ? `${idPrefix}shared-${(caller + (calls >> 1)) % sharedIds}`
      : `${idPrefix}own-${caller}`

  const dispatch = () => {
    clearTimeout(timer)
    if (signal.aborted) {
      finishWhenIdle()
      return
    }
    for (;;) {
      const dueMs = stepMs === undefined ? performance.now() : beganMs + started * stepMs
      const waitMs = dueMs - performance.now()
      if (free.length > 0 && waitMs > 0) timer = setTimeout(dispatch, waitMs)
      const next = waitMs > 0 ? undefined : free.shift()
      if (!next) return
      started += 1
      void call(next, dueMs)
    }
  }

  const call = async (worker: { readonly caller: number; calls: number }, dueMs: number) => {
    const id = idOf(worker)
    worker.calls += 1
    const startMs = performance.now()
    const outcome = await callCounter(`${baseUrl}/${encodeURIComponent(id)}`, agent, timeoutMs)
    history.push({ id, caller: worker.caller, dueMs, startMs, endMs: performance.now(), outcome })
    for (const watcher of [...watchers]) watcher(outcome)
    free.push(worker)
    // A refused connection is answered within the same turn: without a pause, one caller would take all turns.
    if (outcome.kind === 'refused' && stepMs === undefined) setTimeout(dispatch, 10)
    else dispatch()
  }

  const finishWhenIdle = () => {
    if (free.length < callers) return
    over = true
    agent.destroy()
    for (const watcher of [...watchers]) watcher(undefined)
    finished.resolve(history)
  }

  signal.addEventListener('abort', dispatch, { once: true })
  dispatch()
  return {
    history,
    finished: finished.promise,
    stop: () => {
      ended.abort()
      return finished.promise
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
