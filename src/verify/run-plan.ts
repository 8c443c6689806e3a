import type { PlannedFault } from './plan.ts'
import { randomFrom } from './random.ts'
import { faultLine, runFault, type FaultRun, type FaultRunOptions } from './run-fault.ts'
import { pause } from './waiting.ts'

export interface PlanRunOptions extends Omit<FaultRunOptions, 'random'> {
  readonly plan: readonly PlannedFault[]
  /** How many nodes may be lost at once. */
  readonly f: number
  /** Faults begin when the plan says, whatever is still broken then: somebody wrote it so. */
  readonly keepsTimes: boolean
}

/**
 * All faults of a plan, each when everything that it must not meet is over.
 * @param done takes them up as they end
 * @returns how many were left out, since it did not get healthy again
 */
export async function runPlan(options: PlanRunOptions, done: FaultRun[]): Promise<number> {
  const { plan, now, signal, feed, progress } = options
  const underWay = new Map<PlannedFault, Promise<void>>()
  const begin = async (planned: PlannedFault): Promise<void> => {
    const choices = randomFrom(planned.seed)
    const random = (): number => choices.next()
    // Beside others it is healthy only when those are over, too.
    const limitMs = options.healthyWithinMs * (planned.alone ? 1 : 3)
    const finished = await runFault(planned.fault, { ...options, random, healthyWithinMs: limitMs })
    done.push(finished)
    progress.step(faultLine(finished, feed))
  }
  try {
    for (const [index, planned] of plan.entries()) {
      await pause(Math.max(0, planned.atMs - now()), signal)
      if (!options.keepsTimes) await room(planned, underWay, options.f)
      signal.throwIfAborted()
      if (done.some(({ healthyMs }) => healthyMs === null)) return plan.length - index
      const running = begin(planned).finally(() => underWay.delete(planned))
      // Who waits for it hears of it; until somebody does it is no unhandled one.
      running.catch(() => undefined)
      underWay.set(planned, running)
    }
    await Promise.all(underWay.values())
    return 0
  } finally {
    await Promise.allSettled(underWay.values())
  }
}

/** Waits until the fault may begin: recovery can take longer than the plan thought. */
async function room(
  planned: PlannedFault,
  underWay: ReadonlyMap<PlannedFault, Promise<void>>,
  f: number,
): Promise<void> {
  while (underWay.size > 0) {
    const others = [...underWay.keys()]
    const takes = ({ fault }: PlannedFault): number => fault.takesNodes ?? Infinity
    const fits = others.reduce((sum, other) => sum + takes(other), takes(planned)) <= f
    if (fits && !planned.alone && !others.some(({ alone }) => alone)) return
    await Promise.race(underWay.values())
  }
}
