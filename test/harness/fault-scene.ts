import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { localTarget } from '../../src/targets/local/target.ts'
import { faults } from '../../src/verify/faults/all.ts'
import type { Capability, Fault, FaultDriver } from '../../src/verify/faults/fault.ts'
import { OperationFeed } from '../../src/verify/feed.ts'
import { whyNot } from '../../src/verify/plan.ts'
import { randomFrom } from '../../src/verify/random.ts'
import { runFault } from '../../src/verify/run-fault.ts'
import { summarize } from '../../src/verify/summary.ts'
import type { Load } from '../../src/verify/workloads/http-load.ts'
import type { RunningWorkload } from '../../src/verify/workloads/workload.ts'
import { startDeployment, type TestDeployment } from './deployment.ts'

export interface FaultScene {
  readonly deployment: TestDeployment
  readonly driver: FaultDriver
  /** Runs one fault under a light load, waits until everything is whole and healthy, and holds every count against what was answered. */
  readonly run: (fault: Fault) => Promise<void>
}

/** Repeats a run: it is printed with each fault. */
export const faultSeed = Number(process.env.HOLDFAST_SEED ?? Date.now() % 1_000_000)

/** A real deployment with the driver that breaks it. */
export async function faultScene(t: TestContext, { nodes = 3 } = {}): Promise<FaultScene> {
  const deployment = await startDeployment(t, `redis: { nodes: ${nodes} }\n`)
  const target = localTarget({ stateDir: deployment.stateDir, name: 'tested' })
  const driver = await target.faults?.()
  assert.ok(driver)
  t.after(() => driver.close())
  let runs = 0
  return {
    deployment,
    driver,
    run: async (fault) => {
      runs += 1
      await deployment.healthy(60_000)
      const before = await driver.components()
      const random = randomFrom(faultSeed + runs)
      const load = deployment.load({ callers: 4, ratePerSecond: 80 })
      await load.answered(40)
      const run = await runFault(fault, {
        driver,
        feed: feedOf(load),
        random: () => random.next(),
        signal: new AbortController().signal,
        progress: { step: () => undefined, waiting: () => undefined },
        now: () => performance.now(),
        healthyWithinMs: 60_000,
      })
      const lastedMs = Math.round(run.endMs - run.startMs)
      const healedMs = run.healthyMs === null ? 'not' : Math.round(run.healthyMs - run.endMs)
      const state = run.healthyMs === null ? JSON.stringify(await driver.observe()) : ''
      // What it destroyed is missing, as it should.
      const summary = await (fault.destroys === 'data' ? load.stop().then(summarize) : deployment.check(load))
      t.diagnostic(
        `${fault.name} (seed ${faultSeed + runs}): ${run.did.join('; ')} | ${lastedMs} ms, healthy after ${healedMs} ms, ` +
          `gap ${Math.round(summary.longestGapMs)} ms, longest ${Math.round(summary.longestMs)} ms, errors ${JSON.stringify(summary.errors)}`,
      )
      assert.equal(run.failed, null, `${fault.name}: ${run.failed ?? ''}; ${run.did.join('; ')}`)
      assert.notEqual(run.healthyMs, null, `${fault.name}: not healthy again: ${state}`)
      assert.ok(run.did.length > 0, `${fault.name} did not say what it did`)
      if (fault.explains === undefined) assert.deepEqual(summary.errors, {}, `${fault.name}: errors`)
      assert.deepEqual(await driver.components(), before, `${fault.name}: not the same runs as before`)
    },
  }
}

/** Faults by name, each a subtest on one deployment; one that cannot be had here is skipped with why. */
export function testFaults(title: string, names: readonly string[], options: { nodes?: number } = {}): void {
  // All of them together take longer than a test may by default.
  test(title, { timeout: 60_000 * (names.length + 1) }, async (t) => {
    const scene = await faultScene(t, options)
    const instances = (await scene.driver.components()).filter((component) =>
      component.startsWith('app-'),
    ).length
    const facts = {
      nodes: options.nodes ?? 3,
      instances,
      why: (capability: Capability) => scene.driver.why(capability),
      destructive: true,
    }
    for (const name of names) {
      const fault = faults.find((candidate) => candidate.name === name)
      assert.ok(fault, `there is no fault ${name}`)
      const why = whyNot(fault, facts)
      if (why !== null && process.env.CI !== undefined && fault.name !== 'clock-step')
        throw new Error(`${name} cannot be had: ${why}`)
      let failure: unknown = null
      await t.test(name, { skip: why ?? false }, () =>
        scene.run(fault).catch((error: unknown) => {
          failure = error
          throw error
        }),
      )
      // What it left would be blamed on the next one; and what is kept of a failed test should be of that moment.
      if (failure !== null)
        throw new Error(`${name} failed; the faults after it were not tried`, { cause: failure })
    }
  })
}

/** The load as the runner sees its workloads. */
function feedOf(load: Load): OperationFeed {
  const feed = new OperationFeed(() => undefined)
  feed.add({ name: 'counter', operations: load.history } as unknown as RunningWorkload)
  return feed
}
