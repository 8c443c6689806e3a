import { HoldfastError } from '../errors.ts'
import type { Status } from '../targets/status.ts'
import type { Progress } from '../targets/target.ts'
import { closingChecks, problemsOf } from './closing.ts'
import type { FaultDriver } from './faults/fault.ts'
import type { PathCut } from './errors.ts'
import { OperationFeed } from './feed.ts'
import { keyPrefix, removeKeys } from './keys.ts'
import type { LogWatch } from './log-watch.ts'
import type { Operation } from './operation.ts'
import type { PlannedFault } from './plan.ts'
import { resultOf, type Subject } from './result-of.ts'
import type { VerifyResult } from './result.ts'
import { healthyAgain, type FaultRun, type FaultRunOptions } from './run-fault.ts'
import { runPlan } from './run-plan.ts'
import { counted } from './report/words.ts'
import type { ClosingCheck } from './verdict.ts'
import { pause, waitUntil } from './waiting.ts'
import type { Endpoints, RunningWorkload, Workload, WorkloadVerdict } from './workloads/workload.ts'

export interface VerifyRun extends Subject {
  /** Null: nothing is broken, only called. */
  readonly driver: FaultDriver | null
  readonly watchLogs: ((startedAtMs: number) => Promise<LogWatch>) | null
  readonly endpoints: Endpoints
  readonly workloads: readonly Workload[]
  readonly plan: readonly PlannedFault[]
  /** Faults begin when the plan says, whatever is still broken then. */
  readonly keepsTimes: boolean
  readonly durationMs: number
  readonly callers: number
  readonly ratePerSecond: number
  /** See Reach: on the clock of `performance.now`. */
  readonly cuts?: () => readonly PathCut[]
  /** Begins every key; nobody else's begin so. */
  readonly prefix: string
  readonly random: () => number
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly onOperations: (operations: readonly Operation[]) => void
}

const flowWithinMs = 30_000
const ordinaryHealthyWithinMs = 60_000
const feedEveryMs = 250
/** Calls beyond the gateway's hold are given up by the workloads. */
const patienceMs = 5000

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

  const healthyWithinMs = driver?.healthyWithinMs ?? ordinaryHealthyWithinMs
  const before = driver === null ? null : await healthyBefore(driver)
  // Of a run that was killed.
  if (driver !== null) await removeKeys(driver, keyPrefix)
  const componentsBefore = (await driver?.components()) ?? []
  const logs = (await run.watchLogs?.(startedAtMs)) ?? null
  if (logs !== null) scope.defer(() => logs.stop())
  const feed = new OperationFeed(run.onOperations)
  const advancing = setInterval(() => {
    feed.advance()
  }, feedEveryMs)
  scope.defer(() => {
    clearInterval(advancing)
  })

  progress.waiting('the workloads to flow')
  const removed = new Set<RunningWorkload>()
  const running = await startWorkloads(run, scope, feed, now, removed)
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
  // Before the workloads are stopped: calls that wait are answered once everything is whole.
  if (driver !== null) {
    scope.defer(() => driver.heal().catch((error: unknown) => progress.step(`not healed: ${wordsOf(error)}`)))
  }
  if (driver !== null) {
    const left = await runPlan({ ...run, driver, feed, now, healthyWithinMs }, faultRuns)
    if (left > 0)
      doubts.push(`It did not get healthy again: ${counted(left, 'fault')} more of the plan not tried.`)
  }
  await restOfTime(run, now)
  if (driver !== null) closing.push(await healed({ ...run, driver, feed, now, healthyWithinMs }))

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
  // What cannot be removed so is looked for below.
  await Promise.allSettled(running.map((workload) => workload.remove()))
  for (const workload of running) removed.add(workload)
  if (driver !== null) closing.push(await removeKeys(driver, run.prefix))

  const { operations } = feed
  return resultOf(run, {
    startedAtMs,
    toMs,
    operations,
    faultRuns,
    verdicts,
    closing,
    doubts,
    logs,
    cuts: (run.cuts?.() ?? []).map(({ at, atMs }) => ({ at, atMs: atMs - zero })),
    before,
    after,
  })
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
  removed: ReadonlySet<RunningWorkload>,
): Promise<readonly RunningWorkload[]> {
  const count = run.workloads.length
  const running: RunningWorkload[] = []
  for (const [index, workload] of run.workloads.entries()) {
    const callers = Math.max(1, Math.floor((run.callers + index) / count))
    const started = await workload.start({
      endpoints: run.endpoints,
      prefix: run.prefix,
      callers,
      ratePerSecond: run.ratePerSecond / count,
      timeoutMs: run.holdMs + patienceMs,
      random: run.random,
      now,
    })
    // Also when something fails or Ctrl-C is pressed: nothing of it stays.
    scope.defer(async () => {
      await started.stop()
      if (!removed.has(started)) await started.remove().catch(() => undefined)
    })
    feed.add(started)
    running.push(started)
    run.signal.throwIfAborted()
  }
  return running
}

/** Goes on calling until the time is up: also what happens long after a fault is seen. */
async function restOfTime({ durationMs, progress, signal }: VerifyRun, now: () => number): Promise<void> {
  progress.waiting('the rest of the time')
  await pause(Math.max(0, durationMs - now()), signal)
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
    return { name, passed: false, words: wordsOf(error) }
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

function lastWords({ operations }: OperationFeed): string {
  const outcome = operations.at(-1)?.outcome
  if (outcome === undefined) return 'no call has ended'
  return outcome.kind === 'ok' ? 'others are answered' : outcome.why
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
