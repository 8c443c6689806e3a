import type { Fault } from './faults/fault.ts'
import { abandonedWhy, type Operation } from './operation.ts'

/** A connection that was lost on the way to what it was made to. */
export interface PathCut {
  /** As operations name it: `host:port`. */
  readonly at: string
  /** On the clock of the operations. */
  readonly atMs: number
}

/** A fault as it was, for telling which errors it explains. Milliseconds since the run began. */
export interface FaultSpan {
  readonly startMs: number
  readonly endMs: number
  readonly healthyMs: number | null
  readonly explains: Fault['explains'] | undefined
  /** Things that it did: so often it can have taken what a caller had in hand. */
  readonly deeds: number
}

export type ByKind = Readonly<Record<string, number>>

export interface SortedErrors {
  readonly errors: ByKind
  readonly explained: ByKind
  /** The same of each fault, in the order of the spans. */
  readonly byFault: readonly { readonly errors: ByKind; readonly explained: ByKind }[]
}

export interface SortOptions {
  /** How long a command waits before it is refused: an error may end so long after its cause. */
  readonly holdMs: number
  /** Endpoints (`host:port`) that no fault touches: nobody takes what they have in hand. */
  readonly untouched: readonly string[]
  /** Each takes one call with it that was under way. It stays in the history as what it is: nobody knows whether it was done. */
  readonly cuts?: readonly PathCut[]
  /**
   * Connections go where a Service of a cluster sends them, which may be to a dead pod until the cluster has noticed: while a fault
   * explains what dies with a process, those that were not made are explained, too.
   */
  readonly routed?: boolean
}

/**
 * Which errors a fault explains, and which break the promise that no client sees one. Of a dead process only what it had in hand is
 * explained: at most one call a caller for each thing that the fault did, and only connections that broke or an HTTP error.
 */
export function sortErrors(
  operations: readonly Operation[],
  spans: readonly FaultSpan[],
  options: SortOptions,
): SortedErrors {
  const tally = { errors: new Map<string, number>(), explained: new Map<string, number>() }
  const byFault = spans.map(() => ({
    errors: new Map<string, number>(),
    explained: new Map<string, number>(),
  }))
  const taken = new Map<string, number>()
  const cuts = [...(options.cuts ?? [])]
  for (const operation of operations) {
    const { outcome } = operation
    if (outcome.kind === 'ok' || outcome.why === abandonedWhy) continue
    if (takeCut(operation, cuts)) {
      add(tally.explained, `${outcome.why} on the way to the cluster`)
      continue
    }
    const during = spans.flatMap((span, index) => (overlaps(operation, span, options) ? [index] : []))
    const explaining = during.find((index) => explains(operation, index, spans, options, taken))
    const index = explaining ?? during.at(-1)
    const column = explaining === undefined ? 'errors' : 'explained'
    add(tally[column], outcome.why)
    const ofFault = index === undefined ? undefined : byFault[index]
    if (ofFault !== undefined) add(ofFault[column], outcome.why)
  }
  return {
    errors: Object.fromEntries(tally.errors),
    explained: Object.fromEntries(tally.explained),
    byFault: byFault.map(({ errors, explained }) => ({
      errors: Object.fromEntries(errors),
      explained: Object.fromEntries(explained),
    })),
  }
}

function overlaps(operation: Operation, span: FaultSpan, { holdMs }: SortOptions): boolean {
  const wholeAgainMs = Math.max(span.endMs, span.healthyMs ?? span.endMs)
  return operation.endMs >= span.startMs && operation.startMs <= wholeAgainMs + holdMs
}

/** What is lost on the way is noticed a moment later at this end. */
const noticedWithinMs = 1000

function takeCut({ at, startMs, endMs, outcome }: Operation, cuts: PathCut[]): boolean {
  if (outcome.kind === 'ok' || !['connection', 'timeout'].includes(kindOf(outcome.why))) return false
  const index = cuts.findIndex(
    (cut) => cut.at === at && cut.atMs >= startMs && cut.atMs <= endMs + noticedWithinMs,
  )
  if (index < 0) return false
  cuts.splice(index, 1)
  return true
}

/** Takes one of what the fault may have had in hand of this caller, when it is explained by that. */
function explains(
  operation: Operation,
  index: number,
  spans: readonly FaultSpan[],
  { untouched, routed }: SortOptions,
  taken: Map<string, number>,
): boolean {
  const span = spans[index]
  if (span?.explains === undefined || operation.outcome.kind === 'ok') return false
  const kind = kindOf(operation.outcome.why)
  switch (span.explains) {
    case 'unavailable':
      return kind !== 'reply' && kind !== 'memory'
    case 'out-of-memory':
      return kind === 'memory' || operation.outcome.why === 'http-500'
    case 'gateway-left':
    case 'in-hand': {
      if (span.explains === 'gateway-left' && operation.workload === 'counter') return false
      if (routed === true && kind === 'connection' && operation.outcome.kind === 'refused') return true
      if ((kind !== 'connection' && kind !== 'http') || untouched.includes(operation.at)) return false
      const caller = `${index} ${operation.workload} ${operation.caller}`
      const already = taken.get(caller) ?? 0
      if (already >= Math.max(1, span.deeds)) return false
      taken.set(caller, already + 1)
      return true
    }
    default:
      return span.explains satisfies never
  }
}

type Kind = 'held' | 'uncertain' | 'timeout' | 'memory' | 'http' | 'connection' | 'reply'

/** What kind of error a workload's `why` names; `reply`: an answer of Redis that no fault gives. */
function kindOf(why: string): Kind {
  if (/^tryagain/i.test(why)) return 'held'
  if (/uncertain/i.test(why)) return 'uncertain'
  if (/time-?out|etimedout/i.test(why)) return 'timeout'
  // A transaction that was refused for memory while it was queued ends so.
  if (/^(?:oom|execabort)/i.test(why)) return 'memory'
  if (/^http-5|^no-count/.test(why)) return 'http'
  if (/^e[a-z]{4,}$|connection|socket|closed|broken|lost|hang.?up/i.test(why)) return 'connection'
  return 'reply'
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}
