import type { Status } from '../targets/status.ts'
import type { Progress } from '../targets/target.ts'
import { problemsOf } from './closing.ts'
import type { Fault, FaultContext, FaultDriver } from './faults/fault.ts'
import type { OperationFeed } from './feed.ts'
import { duration } from './report/words.ts'
import { longestCallMs, longestGapMs } from './series.ts'
import { pause, waitUntil } from './waiting.ts'

export interface FaultRunOptions {
  readonly driver: FaultDriver
  readonly feed: OperationFeed
  readonly random: () => number
  readonly signal: AbortSignal
  readonly progress: Progress
  /** Milliseconds since the run began. */
  readonly now: () => number
  /** How long healing may take. */
  readonly healthyWithinMs: number
}

export interface FaultRun {
  readonly fault: Fault
  readonly startMs: number
  readonly endMs: number
  readonly healthyMs: number | null
  readonly did: readonly string[]
  readonly failed: string | null
}

/** Calls that must be answered after a fault before the next one begins. */
const answeredAfter = 20
const primaryWithinMs = 30_000

/** One fault from its beginning until everything is whole, healthy, and answers. Rejects only when the run is aborted. */
export async function runFault(fault: Fault, options: FaultRunOptions): Promise<FaultRun> {
  const { driver, progress, now, signal } = options
  const did: string[] = []
  const context = faultContext(options, (words) => {
    did.push(words)
    progress.waiting(`${fault.name}: ${words}`)
  })
  progress.waiting(fault.name)
  const startMs = now()
  let failed: string | null = null
  try {
    await fault.run(context)
  } catch (error) {
    signal.throwIfAborted()
    failed = wordsOf(error)
  }
  // A fault heals what it broke; one that failed in the middle may have left it.
  if (failed !== null) failed = await healAfter(driver, failed)
  const endMs = now()
  progress.waiting(`${fault.name}: until everything is healthy`)
  const healthyMs = await healthyAgain(options)
  signal.throwIfAborted()
  return { fault, startMs, endMs, healthyMs, did, failed }
}

async function healAfter(driver: FaultDriver, failed: string): Promise<string> {
  try {
    await driver.heal()
    return failed
  } catch (error) {
    return `${failed}; and not all of it could be healed: ${wordsOf(error)}`
  }
}

/** @returns when everything was healthy; null when that was not seen in time */
export async function healthyAgain(options: FaultRunOptions): Promise<number | null> {
  const { driver, feed, signal, now, healthyWithinMs: limitMs } = options
  try {
    await waitUntil('a healthy deployment', { limitMs, signal, everyMs: 200 }, async () => {
      const status = await driver.observe()
      return status.state === 'healthy' ? true : problemsOf(status)
    })
    const healthyMs = now()
    await answered(feed, answeredAfter, { limitMs, signal })
    return healthyMs
  } catch {
    signal.throwIfAborted()
    return null
  }
}

function faultContext(options: FaultRunOptions, did: (words: string) => void): FaultContext {
  const { driver, feed, random, signal } = options
  return {
    driver,
    random,
    signal,
    did,
    pause: (milliseconds) => pause(milliseconds, signal),
    until: (what, limitMs, check) => waitUntil(what, { limitMs, signal }, check),
    answered: (calls, limitMs) => answered(feed, calls, { limitMs, signal }),
    nodes: async () => {
      const seen: Roles[] = []
      // Beside another fault there may be none at this moment.
      await waitUntil('a primary', { limitMs: primaryWithinMs, signal }, async () => {
        const roles = rolesOf(await driver.observe())
        if (roles !== null) seen.push(roles)
        return roles !== null || 'there is none'
      })
      const [roles] = seen
      if (roles === undefined) throw new Error('there is no primary')
      return roles
    },
  }
}

type Roles = Awaited<ReturnType<FaultContext['nodes']>>

function rolesOf({ nodes, primary: name }: Status): Roles | null {
  const primary = nodes.find((node) => node.name === name)
  return primary === undefined ? null : { primary, replicas: nodes.filter((node) => node !== primary) }
}

/** Resolves once so many more calls were answered. @throws HoldfastError TIMEOUT */
export async function answered(
  feed: OperationFeed,
  calls: number,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<void> {
  feed.advance()
  const enough = feed.answered + calls
  await waitUntil(`${calls} answered calls`, { limitMs, signal, everyMs: 20 }, () => {
    feed.advance()
    return feed.answered >= enough ? true : `${enough - feed.answered} are missing`
  })
}

/** The line that stays of a fault. */
export function faultLine(
  { fault, startMs, endMs, healthyMs, did, failed }: FaultRun,
  feed: OperationFeed,
): string {
  const range = { fromMs: startMs, toMs: healthyMs ?? endMs }
  const seen = feed.operations.filter((operation) => operation.endMs >= startMs)
  return [
    `${failed === null && healthyMs !== null ? '✓' : '✕'} ${fault.name}: ${did.join(', ')}`,
    ...(failed === null ? [] : [`failed: ${failed}`]),
    `silent for ${duration(longestGapMs(seen, range))}`,
    `longest call ${duration(longestCallMs(seen, range))}`,
    healthyMs === null ? 'not healthy in time' : `healthy after ${duration(healthyMs - endMs)}`,
  ].join('; ')
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
