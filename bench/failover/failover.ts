import { setTimeout as delay } from 'node:timers/promises'
import { idsOf, readFinalCounts } from '../../src/verify/workloads/final-counts.ts'
import { runLoad } from '../../src/verify/workloads/http-load.ts'
import type { MeasureContext, Measurement } from '../support/measurement.ts'
import { until } from '../support/until.ts'
import { openCable, type Cable } from './cable.ts'
import { startCallers, type Callers } from './callers.ts'
import { comparison } from './comparison.ts'
import { described, faults, isFault, type Fault } from './fault.ts'
import { load } from './load.ts'
import { startHoldfast } from './holdfast-system.ts'
import { judgeFault, type FaultResult } from './judge-fault.ts'
import { failoverReport, type SystemResults } from './report.ts'
import { mergeSaved, saveResults } from './saved.ts'
import { startHaproxySystem } from './haproxy-system.ts'
import { inject, type System } from './system.ts'

/** Six kinds of faults under load: a default deployment, then HAProxy before plain Sentinel, with the same callers. */
export const failover: Measurement = {
  name: 'failover',
  title: 'Switchover and failover under load',
  measure,
}

/** Load before the fault, and after all is well again. */
const leadMs = 300
const tailMs = 300
/** What a fault needs to be seen: nobody asks before whether all is well again. */
const noticeMs = 1000
async function measure({ scope, options, say, publish, command }: MeasureContext): Promise<string> {
  const { faults: rounds = 10, peerFaults = rounds, only, save, from } = options
  const kinds = chooseKinds(options.kinds)
  if (from !== undefined) return report(mergeSaved(from), kinds, publish)
  const cable = await openCable(scope)
  const all: SystemResults[] = []
  for (const [name, start, each] of [
    ['holdfast', startHoldfast, rounds],
    ['haproxy', startHaproxySystem, peerFaults],
  ] as const) {
    if (only !== undefined && only !== name) continue
    const own = new AsyncDisposableStack()
    scope.use(own)
    all.push(await everyFault(await start(own), kinds, each, cable, say))
    await own.disposeAsync()
  }
  if (save !== undefined) saveResults(save, command, all)
  return report(all, kinds, publish)
}

function report(
  all: readonly SystemResults[],
  kinds: readonly Fault[],
  publish: MeasureContext['publish'],
): string {
  if (all.length > 1) publish('comparison', comparison({ all, kinds }))
  return failoverReport({ all, kinds })
}

function chooseKinds(wanted: readonly string[] | undefined): readonly Fault[] {
  const unknown = wanted?.filter((name) => !isFault(name)) ?? []
  if (unknown.length > 0) throw new Error(`no such faults: ${unknown.join()}; there are ${faults.join()}`)
  return faults.filter((fault) => wanted?.includes(fault) ?? true)
}

async function everyFault(
  system: System,
  kinds: readonly Fault[],
  rounds: number,
  cable: Cable,
  say: (text: string) => void,
): Promise<SystemResults> {
  const results: Partial<Record<Fault, FaultResult[]>> = {}
  let failoverBeganMs = -Infinity
  for (let round = 1; round <= rounds; round += 1)
    for (const fault of kinds) {
      await delay(Math.max(0, failoverBeganMs + system.restMs(fault) - performance.now()))
      if (described[fault].changesPrimary) failoverBeganMs = performance.now()
      const result = await oneFault(system, fault, `${fault}-${round}-`, cable)
      ;(results[fault] ??= []).push(result)
      say(`${system.title}, ${fault} ${round} of ${rounds}: ${JSON.stringify(result, rounded)}`)
    }
  return { system, results }
}

async function oneFault(system: System, fault: Fault, prefix: string, cable: Cable): Promise<FaultResult> {
  const nodes = await system.settled()
  const beganMs = performance.now()
  const front = runLoad({
    baseUrl: system.frontDoorUrl,
    callers: load.frontCallers,
    ratePerSecond: load.frontCallsPerSecond,
    idPrefix: `${prefix}front-`,
  })
  const callers = await startCallers({ ...system.redis, ...load, keyPrefix: `${prefix}own-` })
  await delay(leadMs)
  const faultMs = performance.now()
  await inject(fault, system, nodes, cable)
  await answeredAfter(callers, faultMs)
  await delay(Math.max(0, faultMs + noticeMs - performance.now()))
  await system.revive()
  // Under load to the end: an old primary that nobody has demoted yet may go on answering.
  await system.settled()
  await delay(tailMs)
  const tookMs = performance.now() - beganMs
  const [frontHistory, calls] = await Promise.all([front.stop(), callers.stop()])
  const final = await readFinalCounts(idsOf([...frontHistory, ...calls]), system.redis)
  return judgeFault({ faultMs, tookMs, calls, front: frontHistory, final })
}

async function answeredAfter({ history }: Callers, faultMs: number): Promise<void> {
  await until('a write is acknowledged again', 120_000, 20, () => {
    const last = history.findLast(({ outcome }) => outcome.kind === 'ok')
    return (last !== undefined && last.dueMs > faultMs) || 'none'
  })
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value
}
