import { setTimeout as delay } from 'node:timers/promises'
import { findManaged } from '../src/platform/managed-process.ts'
import { idsOf, readFinalCounts } from '../src/verify/final-counts.ts'
import { runLoad } from '../src/verify/workload.ts'
import { failoverReport } from './failover-report.ts'
import { endChild } from './support/children.ts'
import { createDeployment } from './support/deployment.ts'
import type { MeasureContext, Measurement } from './support/measurement.ts'
import { judgeRound, type Round } from './support/round.ts'
import { startSentinelPeer } from './support/sentinel-peer.ts'
import { until } from './support/until.ts'
import { startWriters, type Writers } from './support/writers.ts'

/** The primary handed over, killed and hung, under load: a default deployment, then HAProxy before plain Sentinel. */
export const failover: Measurement = {
  name: 'failover',
  title: 'Switchover and failover under load',
  measure,
}

export const faults = ['switchover', 'kill', 'hang'] as const
export type Fault = (typeof faults)[number]

const load = { writers: 8, callers: 32, callsPerSecond: 100 }
const hangMs = 6000
/** Load before the fault, and after its end before anybody asks whether all is well again. */
const leadMs = 1000
const tailMs = 2000
/** Between two such questions: they cost what the load then does not get. */
const askEveryMs = 250

export type Rounds = Readonly<Record<Fault, readonly Round[]>>

async function measure({ scope, rounds = 10, say }: MeasureContext): Promise<string> {
  const ours = await everyFault(await ourSystem(scope), rounds, say)
  const peer = await everyFault(await peerSystem(scope), rounds, say)
  return failoverReport({ ours, peer, rounds, load, hangMs })
}

/** What is broken: where its callers call, and how it is broken. */
interface System {
  readonly name: string
  readonly frontDoorUrl: string | undefined
  readonly redis: { readonly host: string; readonly port: number; readonly password: string }
  /** Waits until all is well and ready for the next fault. */
  readonly settled: () => Promise<unknown>
  /** Ends when the fault has: the primary was changed, is dead, or runs again. */
  readonly inject: (fault: Fault) => Promise<void>
  /** Brings back what the fault killed, where nothing does by itself. */
  readonly repair: () => Promise<void>
}

async function everyFault(system: System, rounds: number, say: (text: string) => void): Promise<Rounds> {
  const results: Record<Fault, Round[]> = { switchover: [], kill: [], hang: [] }
  for (let number = 1; number <= rounds; number += 1)
    for (const fault of faults) {
      const round = await oneRound(system, fault, `${fault}-${number}-`)
      results[fault].push(round)
      say(`${system.name}, ${fault} ${number} of ${rounds}: ${JSON.stringify(round)}`)
    }
  return results
}

async function oneRound(system: System, fault: Fault, prefix: string): Promise<Round> {
  await system.settled()
  const front =
    system.frontDoorUrl === undefined
      ? undefined
      : runLoad({
          baseUrl: system.frontDoorUrl,
          callers: load.callers,
          ratePerSecond: load.callsPerSecond,
          idPrefix: `${prefix}front-`,
        })
  const writers = startWriters({ ...system.redis, writers: load.writers, keyPrefix: `${prefix}writer-` })
  await delay(leadMs)
  const faultMs = performance.now()
  await system.inject(fault)
  await acknowledgedAfter(writers, faultMs)
  await delay(tailMs)
  await system.repair()
  // Under load to the end: an old primary that nobody has demoted yet may go on answering.
  await system.settled()
  await delay(leadMs)
  const [frontHistory, writes] = await Promise.all([front?.stop() ?? [], writers.stop()])
  const final = await readFinalCounts(idsOf([...frontHistory, ...writes]), system.redis)
  return judgeRound({ faultMs, front: frontHistory, writes, final })
}

async function acknowledgedAfter({ history }: Writers, faultMs: number): Promise<void> {
  await until('a write is acknowledged again', 120_000, askEveryMs, () => {
    const last = history.findLast(({ outcome }) => outcome.kind === 'ok')
    return (last !== undefined && last.startMs > faultMs) || 'none'
  })
}

async function ourSystem(scope: AsyncDisposableStack): Promise<System> {
  const deployment = await createDeployment(scope, { network: '127.90.7' })
  await deployment.holdfast('up')
  const context = {
    progress: { step: () => undefined, waiting: () => undefined },
    signal: new AbortController().signal,
  }
  let primaryPid = 0
  const settled = async () => {
    const { primary } = await deployment.healthy({ askEveryMs })
    primaryPid =
      findManaged(deployment.stateDir).find(({ component, stray }) => component === primary && !stray)?.pid ??
      0
    if (primaryPid === 0) throw new Error(`${String(primary)} does not run`)
  }
  return {
    name: 'Holdfast',
    frontDoorUrl: deployment.url,
    redis: await deployment.target.connection(),
    settled,
    inject: async (fault) => {
      if (fault === 'switchover') await deployment.target.switchover(undefined, context)
      else if (fault === 'kill') process.kill(primaryPid, 'SIGKILL')
      else await hang((signal) => process.kill(primaryPid, signal))
    },
    repair: () => Promise.resolve(),
  }
}

async function peerSystem(scope: AsyncDisposableStack): Promise<System> {
  const peer = await startSentinelPeer(scope, { askEveryMs })
  let primary = await peer.settled()
  return {
    name: 'HAProxy and Sentinel',
    frontDoorUrl: undefined,
    redis: peer,
    settled: async () => {
      primary = await peer.settled()
    },
    inject: async (fault) => {
      if (fault === 'switchover') await peer.switchover()
      else if (fault === 'kill') await endChild(primary.process)
      else await hang((signal) => primary.process.kill(signal))
    },
    repair: () => peer.revive(),
  }
}

async function hang(signalPrimary: (signal: NodeJS.Signals) => unknown): Promise<void> {
  signalPrimary('SIGSTOP')
  await delay(hangMs)
  signalPrimary('SIGCONT')
}
