import { HoldfastError } from '../errors.ts'
import type { Status } from '../targets/status.ts'
import type { Progress } from '../targets/target.ts'
import { closingChecks, problemsOf } from './closing.ts'
import { sortErrors } from './errors.ts'
import type { Fault, FaultDriver } from './faults/fault.ts'
import { OperationFeed } from './feed.ts'
import { removeKeys } from './keys.ts'
import type { LogWatch } from './log-watch.ts'
import type { Operation } from './operation.ts'
import type { VerifyResult } from './result.ts'
import {
  answered,
  faultLine,
  healthyAgain,
  runFault,
  type FaultRun,
  type FaultRunOptions,
} from './run-fault.ts'
import { longestCallMs, longestGapMs, seriesOf } from './series.ts'
import { countAnomalies, judgeFindings, type ClosingCheck } from './verdict.ts'
import { pause, waitUntil } from './waiting.ts'
import type { Endpoints, RunningWorkload, Workload, WorkloadVerdict } from './workloads/workload.ts'

export interface PlannedFault {
  readonly fault: Fault
  /** Not before, in milliseconds since the faults began. */
  readonly atMs: number
}

export interface VerifyRun {
  /** What it says of itself in the result. */
  readonly about: Pick<VerifyResult, 'command' | 'seed' | 'versions' | 'subject'>
  /** Null: nothing is broken, only called. */
  readonly driver: FaultDriver | null
  readonly watchLogs: ((startedAtMs: number) => Promise<LogWatch>) | null
  readonly endpoints: Endpoints
  readonly workloads: readonly Workload[]
  readonly plan: readonly PlannedFault[]
  /** Faults begin at their time whether or not the one before is over; otherwise one after the other. */
  readonly overlap: boolean
  readonly durationMs: number
  readonly callers: number
  readonly ratePerSecond: number
  /** Begins every key; nobody else's begin so. */
  readonly prefix: string
  readonly holdMs: number
  /** `host:port` of gateways that no fault touches. */
  readonly untouched: readonly string[]
  readonly random: () => number
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly onOperations: (operations: readonly Operation[]) => void
}

const flowWithinMs = 30_000
const healthyWithinMs = 60_000
/** Calls beyond the gateway's hold are given up by the workloads. */
const patienceMs = 5000
const bucketMs = 250
const mostBuckets = 4000

/**
 * Calls, breaks, heals, and judges.
 * @throws HoldfastError when it could not begin; the signal's reason when it was aborted. Whatever it throws, everything is
 *   healed, stopped and removed before.
 */
export async function runVerify(run: VerifyRun): Promise<VerifyResult> {
  const { driver, signal, progress } = run
  const startedAtMs = Date.now()
  const zero = performance.now()
  const now = (): number => performance.now() - zero
  await using scope = new AsyncDisposableStack()

  const before = driver === null ? null : await healthyBefore(driver)
  const componentsBefore = driver?.components() ?? []
  const logs = (await run.watchLogs?.(startedAtMs)) ?? null
  if (logs !== null) scope.defer(() => logs.stop())
  const feed = new OperationFeed(run.onOperations)
  const advancing = setInterval(() => {
    feed.advance()
  }, 250)
  scope.defer(() => {
    clearInterval(advancing)
  })

  progress.waiting('the workloads to flow')
  const running = await startWorkloads(run, scope, feed, now)
  await waitUntil('answers to every workload', { limitMs: flowWithinMs, signal }, () => {
    feed.advance()
    const silent = running.filter((workload) => feed.answeredOf(workload) === 0)
    return silent.length === 0 ? true : `${silent.map(({ name }) => name).join(', ')}: ${lastWords(feed)}`
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw error instanceof HoldfastError
      ? new HoldfastError('TIMEOUT', error.message, { exitCode: 2, hint: './holdfast status' })
      : error
  })
  progress.step(`calling: ${running.map(({ name }) => name).join(', ')}`)

  const faultRuns: FaultRun[] = []
  const doubts: string[] = []
  const closing: ClosingCheck[] = []
  if (driver !== null) {
    // Before the workloads end: calls that wait are answered once everything is whole.
    scope.defer(() => driver.heal())
    const options = { driver, feed, random: run.random, signal, progress, now, healthyWithinMs }
    await runPlan(run, options, faultRuns, doubts)
    await restOfTime(run, feed, now)
    closing.push(await healed(options))
  } else {
    await restOfTime(run, feed, now)
  }

  progress.waiting('the last calls to end')
  await Promise.all(running.map((workload) => workload.stop()))
  feed.advance()
  signal.throwIfAborted()
  const toMs = now()
  progress.waiting('the end state to be read and judged')
  const judged = await Promise.all(running.map((workload) => workload.judge()))
  const verdicts = withoutDestroyed(judged, faultRuns)
  await logs?.stop()
  const after = (await driver?.observe()) ?? null
  if (driver !== null && before !== null && after !== null) {
    const crashes = logs?.crashes ?? []
    closing.push(...(await closingChecks(driver, { before, after, componentsBefore, crashes })))
  }
  progress.waiting('its keys to be removed')
  await Promise.all(running.map((workload) => workload.remove()))
  if (driver !== null) closing.push(await removeKeys(driver, run.prefix))

  return result(run, { startedAtMs, toMs, feed, faultRuns, verdicts, closing, doubts, logs, before, after })
}

/** @throws HoldfastError NOT_RUNNING, exit code 2: what is broken already proves nothing */
async function healthyBefore(driver: FaultDriver): Promise<Status> {
  const status = await driver.observe()
  if (status.state === 'healthy') return status
  const isDown = status.nodes.length === 0 || status.problems.length === 0
  throw new HoldfastError(
    'NOT_RUNNING',
    isDown
      ? `${status.name} does not run`
      : `${status.name} is ${status.state} already: ${problemsOf(status)}`,
    { exitCode: 2, hint: isDown ? './holdfast up' : './holdfast doctor' },
  )
}

async function startWorkloads(
  run: VerifyRun,
  scope: AsyncDisposableStack,
  feed: OperationFeed,
  now: () => number,
): Promise<readonly RunningWorkload[]> {
  const count = run.workloads.length
  const running: RunningWorkload[] = []
  for (const [index, workload] of run.workloads.entries()) {
    const callers = Math.max(1, Math.floor((run.callers + index) / count))
    const started = await workload.start({
      endpoints: run.endpoints,
      prefix: `${run.prefix}${workload.name}:`,
      callers,
      ratePerSecond: run.ratePerSecond / count,
      timeoutMs: run.holdMs + patienceMs,
      random: run.random,
      now,
    })
    // Also when something fails or Ctrl-C is pressed: nothing of it stays.
    scope.defer(async () => {
      await started.stop()
      await started.remove()
    })
    feed.add(started)
    running.push(started)
    run.signal.throwIfAborted()
  }
  return running
}

async function runPlan(
  run: VerifyRun,
  options: FaultRunOptions,
  done: FaultRun[],
  doubts: string[],
): Promise<void> {
  const { now, signal, progress, feed } = options
  const beganMs = now()
  const one = async ({ fault }: PlannedFault): Promise<FaultRun> => {
    const finished = await runFault(fault, options)
    done.push(finished)
    progress.step(faultLine(finished, feed))
    return finished
  }
  const under: Promise<FaultRun>[] = []
  try {
    for (const [index, planned] of run.plan.entries()) {
      const waitMs = planned.atMs - (now() - beganMs)
      if (waitMs > 0) await pause(waitMs, signal)
      const isUnhealthy = done.some(({ healthyMs }) => healthyMs === null)
      if (isUnhealthy) {
        doubts.push(
          `The ${run.plan.length - index} faults that were left were not tried: it was not healthy.`,
        )
        break
      }
      const faulting = one(planned)
      under.push(faulting)
      faulting.catch(() => undefined)
      if (!run.overlap) await faulting
    }
  } finally {
    await Promise.allSettled(under)
  }
  await Promise.all(under)
}

/** Goes on calling until the time is up; a minute without a fault is also something that was seen. */
async function restOfTime(run: VerifyRun, feed: OperationFeed, now: () => number): Promise<void> {
  const leftMs = run.durationMs - now()
  run.progress.waiting(run.plan.length === 0 ? 'the time to be up' : 'the rest of the time')
  if (leftMs > 0) await pause(leftMs, run.signal)
  else await answered(feed, 1, { limitMs: flowWithinMs, signal: run.signal }).catch(() => undefined)
  run.signal.throwIfAborted()
}

async function healed(options: FaultRunOptions): Promise<ClosingCheck> {
  const name = 'everything that was broken is healed'
  options.progress.waiting('everything to be healed')
  try {
    await options.driver.heal()
    await healthyAgain(options)
    return { name, passed: true, words: 'nothing stopped, no rule, nothing noted to undo' }
  } catch (error) {
    options.signal.throwIfAborted()
    return { name, passed: false, words: error instanceof Error ? error.message : String(error) }
  }
}

/** Where the stored data was destroyed on purpose, what is missing in the end accuses nobody. */
function withoutDestroyed(
  verdicts: readonly WorkloadVerdict[],
  faults: readonly FaultRun[],
): readonly WorkloadVerdict[] {
  const destroyer = faults.find(({ fault }) => fault.destroys !== undefined)
  if (destroyer === undefined) return verdicts
  const note = `${destroyer.fault.name} destroyed the stored data: no count can be predicted`
  return verdicts.map((verdict) => ({ ...verdict, result: 'unproved', anomalies: [], notes: [note] }))
}

interface Seen {
  readonly startedAtMs: number
  readonly toMs: number
  readonly feed: OperationFeed
  readonly faultRuns: readonly FaultRun[]
  readonly verdicts: readonly WorkloadVerdict[]
  readonly closing: readonly ClosingCheck[]
  readonly doubts: readonly string[]
  readonly logs: LogWatch | null
  readonly before: Status | null
  readonly after: Status | null
}

function result(run: VerifyRun, seen: Seen): VerifyResult {
  const { toMs, feed, verdicts, closing, doubts } = seen
  const faultRuns = seen.faultRuns.toSorted((a, b) => a.startMs - b.startMs)
  const operations = feed.operations.toSorted((a, b) => a.endMs - b.endMs)
  const spans = faultRuns.map((one) => ({ ...one, explains: one.fault.explains, deeds: one.did.length }))
  const sorted = sortErrors(operations, spans, run)
  const fromMs = operations.find(({ outcome }) => outcome.kind === 'ok')?.endMs ?? 0
  const whole = { fromMs, toMs: operations.at(-1)?.endMs ?? toMs }
  const faults = faultRuns.map(({ fault, startMs, endMs, healthyMs, did, failed }, index) => {
    const range = { fromMs: startMs, toMs: Math.max(endMs, healthyMs ?? toMs) }
    return {
      ...{ name: fault.name, startMs, endMs, healthyMs, did, failed },
      longestGapMs: longestGapMs(operations, range),
      longestCallMs: longestCallMs(operations, range),
      errors: sorted.byFault[index]?.errors ?? {},
      explained: sorted.byFault[index]?.explained ?? {},
    }
  })
  const totals = {
    acknowledged: feed.answered,
    ...countAnomalies(verdicts),
    errors: sorted.errors,
    explained: sorted.explained,
    longestGapMs: longestGapMs(operations, whole),
    longestCallMs: longestCallMs(operations, whole),
  }
  const findings = { workloads: verdicts, faults, closing, totals, durationMs: toMs, doubts }
  return {
    ...judgeFindings(findings),
    ...run.about,
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

function bucketFor(runMs: number): number {
  return Math.max(bucketMs, Math.ceil(runMs / mostBuckets / bucketMs) * bucketMs)
}

function lastWords(feed: OperationFeed): string {
  const outcome = feed.operations.at(-1)?.outcome
  return outcome === undefined
    ? 'no call has ended'
    : outcome.kind === 'ok'
      ? 'others are answered'
      : outcome.why
}
