/** What a caller asked for, and what only the checker of its workload needs to know of it. */
export type Call =
  /** INCR, GET /:id: the answer is the count. */
  | { readonly do: 'count'; readonly key: string }
  /** RPUSH of a value that nobody else pushes: the answer is the list's length. */
  | { readonly do: 'append'; readonly key: string; readonly value: string }
  | { readonly do: 'read'; readonly key: string }
  | { readonly do: 'write'; readonly key: string; readonly value: string }
  /** MULTI, DECRBY from, INCRBY to, EXEC: the answer is both balances. */
  | { readonly do: 'transfer'; readonly from: string; readonly to: string; readonly amount: number }
  /** MULTI, GET of each, EXEC: the answer is all balances, in this order. */
  | { readonly do: 'balances'; readonly keys: readonly string[] }
  /**
   * GET, then SET of one more, by a program that takes every error of GET for "not there yet". `read`: what GET gave (0: not
   * there), null when it failed; `wrote`: what SET was sent with, null when it was not sent. The answer is `wrote`.
   */
  | {
      readonly do: 'advance'
      readonly key: string
      readonly read: number | null
      readonly wrote: number | null
    }

/** What a caller knows about one call once it is over. */
export type Outcome<Answer = unknown> =
  | { readonly kind: 'ok'; readonly answer: Answer }
  /** It certainly did not run: nobody was reached, or it was turned away. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It ran once or not at all, now or later. */
  | { readonly kind: 'unknown'; readonly why: string }

/**
 * Why a call was not answered that its caller gave up by its own impatience, to try again: no error of the system. The try that
 * followed has the same `dueMs`.
 */
export const abandonedWhy = 'abandoned'

/** One call, as one JSON line of the history. Times are milliseconds since the run began, of one monotonic clock. */
export interface Operation {
  readonly workload: string
  readonly caller: number
  /** `host:port` or the URL's host that was called. */
  readonly at: string
  /** When the schedule wanted it sent; `startMs` is later when its caller was still waiting. */
  readonly dueMs: number
  readonly startMs: number
  readonly endMs: number
  readonly call: Call
  readonly outcome: Outcome
}
