/** A call that is due now: of a caller that has no other under way. */
export interface Turn {
  readonly caller: number
  /** How many calls this caller made before. */
  readonly turn: number
  /** Of the clock that the schedule was given. */
  readonly dueMs: number
}

export interface ScheduleOptions {
  /** At most so many calls are under way at a time, one of each caller. */
  readonly callers: number
  /** Calls due in a second, whatever the answers do. Undefined: each caller calls again as soon as its call has ended. */
  readonly ratePerSecond: number | undefined
  /** Milliseconds, never going back. */
  readonly now: () => number
  /** No call is started after it. */
  readonly signal?: AbortSignal
  /**
   * Makes one call; must not reject.
   * @returns milliseconds that the caller rests before its next call
   */
  readonly call: (turn: Turn) => Promise<number>
}

export interface Schedule {
  /** Resolves once no call is under way and none will be: after `stop`, or when the signal aborted. */
  readonly finished: Promise<void>
  /** Starts no more calls. Idempotent. */
  stop(): Promise<void>
}

/** Open loop: what is due while all callers wait is taken up, late, as soon as one is free. */
export function runSchedule({ callers, ratePerSecond, now, signal, call }: ScheduleOptions): Schedule {
  const stopped = new AbortController()
  const over = AbortSignal.any([stopped.signal, ...(signal ? [signal] : [])])
  const finished = Promise.withResolvers<undefined>()
  const free = Array.from({ length: callers }, (_, caller) => ({ caller, turn: 0 }))
  const beganMs = now()
  const stepMs = ratePerSecond === undefined ? undefined : 1000 / ratePerSecond
  let started = 0
  let timer: NodeJS.Timeout | undefined

  const dispatch = () => {
    clearTimeout(timer)
    if (over.aborted) {
      if (free.length === callers) finished.resolve(undefined)
      return
    }
    for (;;) {
      const dueMs = stepMs === undefined ? now() : beganMs + started * stepMs
      const waitMs = dueMs - now()
      if (free.length > 0 && waitMs > 0) timer = setTimeout(dispatch, waitMs)
      const next = waitMs > 0 ? undefined : free.shift()
      if (!next) return
      started += 1
      void take(next, dueMs)
    }
  }

  const take = async (worker: { readonly caller: number; turn: number }, dueMs: number) => {
    const restMs = await call({ caller: worker.caller, turn: worker.turn, dueMs })
    worker.turn += 1
    free.push(worker)
    // What fails within the same turn of the event loop would otherwise let one caller take all turns.
    if (restMs > 0 && !over.aborted) setTimeout(dispatch, restMs)
    else dispatch()
  }

  over.addEventListener('abort', dispatch, { once: true })
  dispatch()
  return {
    finished: finished.promise,
    stop: () => {
      stopped.abort()
      return finished.promise
    },
  }
}
