import type { Status } from '../targets/status.ts'
import { sortErrors, type FaultSpan, type PathCut } from './errors.ts'
import type { LogWatch } from './log-watch.ts'
import type { Operation } from './operation.ts'
import type { FaultResult, VerifyResult } from './result.ts'
import type { FaultRun } from './run-fault.ts'
import { longestCallMs, longestGapMs, seriesOf } from './series.ts'
import { countAnomalies, judgeFindings, type ClosingCheck } from './verdict.ts'
import type { WorkloadVerdict } from './workloads/workload.ts'

/** All that a run has seen. Times in milliseconds since it began, unless said otherwise. */
export interface Seen {
  /** On the wall clock. */
  readonly startedAtMs: number
  readonly toMs: number
  readonly operations: readonly Operation[]
  readonly faultRuns: readonly FaultRun[]
  readonly verdicts: readonly WorkloadVerdict[]
  readonly closing: readonly ClosingCheck[]
  readonly doubts: readonly string[]
  readonly logs: LogWatch | null
  readonly cuts: readonly PathCut[]
  readonly before: Status | null
  readonly after: Status | null
}

export interface Subject {
  readonly about: Pick<VerifyResult, 'command' | 'seed' | 'versions' | 'subject'>
  readonly holdMs: number
  readonly untouched: readonly string[]
  readonly f: number
  /** See SortOptions. */
  readonly routed?: boolean
}

const bucketMs = 500
const mostBuckets = 4000

/** What a run has seen, as the result that is printed and drawn. */
export function resultOf({ about, holdMs, untouched, f, routed = false }: Subject, seen: Seen): VerifyResult {
  const { toMs, verdicts, closing, doubts } = seen
  const operations = seen.operations.toSorted((a, b) => a.endMs - b.endMs)
  const faultRuns = seen.faultRuns.toSorted((a, b) => a.startMs - b.startMs)
  const sorted = sortErrors(operations, spansOf(faultRuns, f), {
    holdMs,
    untouched,
    routed,
    cuts: seen.cuts,
  })
  const faults = faultRuns.map((one, index): FaultResult => {
    const { fault, startMs, endMs, healthyMs, did, failed } = one
    const range = { fromMs: startMs, toMs: Math.max(endMs, healthyMs ?? toMs) }
    return {
      ...{ name: fault.name, startMs, endMs, healthyMs, did, failed },
      longestGapMs: longestGapMs(operations, range),
      longestCallMs: longestCallMs(operations, range),
      errors: sorted.byFault[index]?.errors ?? {},
      explained: sorted.byFault[index]?.explained ?? {},
    }
  })
  const answered = operations.filter(({ outcome }) => outcome.kind === 'ok')
  const whole = { fromMs: answered[0]?.endMs ?? 0, toMs: operations.at(-1)?.endMs ?? toMs }
  const totals = {
    acknowledged: answered.length,
    ...countAnomalies(verdicts),
    errors: sorted.errors,
    explained: sorted.explained,
    longestGapMs: longestGapMs(operations, whole),
    longestCallMs: longestCallMs(operations, whole),
  }
  return {
    ...judgeFindings({ workloads: verdicts, faults, closing, totals, durationMs: toMs, doubts }),
    ...about,
    startedAt: new Date(seen.startedAtMs).toISOString(),
    durationMs: Math.round(toMs),
    totals,
    workloads: verdicts,
    faults,
    failovers: seen.logs?.failovers ?? [],
    series: seriesOf(operations, { fromMs: 0, toMs, bucketMs: bucketFor(toMs) }),
    closing: closing.map(({ name, passed, words }) => ({ name, passed, words })),
    before: seen.before,
    after: seen.after,
  }
}

/** Faults that together took more nodes than may be lost leave it unavailable, though none of them does alone. */
function spansOf(faultRuns: readonly FaultRun[], f: number): readonly FaultSpan[] {
  const end = ({ endMs, healthyMs }: FaultRun): number => Math.max(endMs, healthyMs ?? endMs)
  return faultRuns.map((one) => {
    const beside = faultRuns.filter((other) => other.startMs < end(one) && end(other) > one.startMs)
    const taken = beside.reduce((sum, { fault }) => sum + (fault.takesNodes ?? 0), 0)
    const isTooMany = beside.length > 1 && taken > f
    return { ...one, explains: isTooMany ? 'unavailable' : one.fault.explains, deeds: one.did.length }
  })
}

/** An hour has fewer and longer buckets. */
function bucketFor(runMs: number): number {
  return Math.max(bucketMs, Math.ceil(runMs / mostBuckets / bucketMs) * bucketMs)
}
