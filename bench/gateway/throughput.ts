import { cpuTimeUs } from '../support/cpu-time.ts'
import type { MeasureContext, Measurement } from '../support/measurement.ts'
import { startEndpoints, type Endpoint } from './endpoints.ts'
import { pipelines, type Measured, type Pipeline } from './measured.ts'
import { commands, redisBenchmark, type CommandName } from './redis-benchmark.ts'
import { throughputReport } from './throughput-report.ts'

/**
 * redis-benchmark against the primary of one deployment, straight, through HAProxy (one thread, mode tcp), and through two
 * gateways, in turn: one that only passes on, one with the default settings.
 */
export const throughput: Measurement = { name: 'throughput', title: "The gateway's throughput", measure }

/** Pipelined runs are so much faster that they need more requests to last. */
const requestsFactor: Readonly<Record<Pipeline, number>> = { 1: 1, 16: 5 }

async function measure({ scope, options, say }: MeasureContext): Promise<string> {
  const { rounds = 5, requests = 100_000, profile } = options
  const endpoints = await startEndpoints(scope, profile)
  const primary = endpoints.find(({ name }) => name === 'direct')?.pid ?? 0
  const run = async (endpoint: Endpoint, command: CommandName, pipeline: Pipeline, share = 1) => {
    const count = Math.ceil(requests * requestsFactor[pipeline] * share)
    const before = [cpuTimeUs(endpoint.pid), cpuTimeUs(primary)] as const
    const sample = await redisBenchmark(scope, { ...endpoint, command, pipeline, requests: count })
    const cpuUs = (cpuTimeUs(endpoint.pid) - before[0]) / count
    return { ...sample, cpuUs, primaryUs: (cpuTimeUs(primary) - before[1]) / count }
  }
  say('throughput, warming up')
  for (const endpoint of endpoints)
    for (const pipeline of pipelines)
      for (const command of commands) await run(endpoint, command, pipeline, 0.3)
  const measured: Measured[] = []
  for (let round = 1; round <= rounds; round += 1)
    for (const pipeline of pipelines)
      for (const command of commands)
        // Each round begins with another one, so that nobody always follows the same neighbour's left-overs.
        for (const endpoint of rotated(endpoints, round)) {
          const sample = await run(endpoint, command, pipeline)
          measured.push({ endpoint: endpoint.name, command, pipeline, round, ...sample })
          const figures = `${Math.round(sample.perSecond)}/s, p99 ${sample.p99Ms} ms, CPU ${sample.cpuUs.toFixed(1)} us`
          say(`round ${round} of ${rounds}: ${command}, pipeline ${pipeline}, ${endpoint.name}: ${figures}`)
        }
  for (const endpoint of endpoints) await endpoint.stop()
  return throughputReport(measured, rounds)
}

function rotated<T>(all: readonly T[], by: number): readonly T[] {
  const at = by % all.length
  return [...all.slice(at), ...all.slice(0, at)]
}
