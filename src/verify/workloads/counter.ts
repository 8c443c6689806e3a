import { Agent } from 'node:http'
import { HoldfastError } from '../../errors.ts'
import { judgeCounts } from '../checkers/judge-counts.ts'
import { verdictOf } from '../checkers/judged.ts'
import type { Operation } from '../operation.ts'
import { removeKeys } from './end-state.ts'
import { readByCalling } from './final-calls.ts'
import { callCounter } from './http-call.ts'
import { nameFor, namesFor } from './own-and-shared.ts'
import { runCalls } from './run-workload.ts'
import type { RunningWorkload, Workload, WorkloadOptions } from './workload.ts'

const sharedIds = 2

export const counter: Workload = {
  name: 'counter',
  description: 'GET /:id at the front door: ids of one caller each, counted exactly, and ids that all share',
  needs: 'http',
  start: (options) => {
    const { url } = options.endpoints
    if (url === null)
      throw new HoldfastError('USAGE', 'The workload counter calls a URL, and there is none.', {
        exitCode: 2,
      })
    return Promise.resolve(startCounting(options, url.replace(/\/+$/, '')))
  },
}

function startCounting(options: WorkloadOptions, url: string): RunningWorkload {
  const { callers, timeoutMs, now, endpoints } = options
  const prefix = `${options.prefix}counter:`
  const ids = namesFor(callers, sharedIds).map((name) => prefix + name)
  const at = new URL(url).host
  const agents = Array.from({ length: callers }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  const call = (id: string, agent: Agent) => callCounter(`${url}/${encodeURIComponent(id)}`, agent, timeoutMs)
  const calls = runCalls('counter', options, async (turn, ended) => {
    const key = prefix + nameFor(turn, sharedIds)
    const agent = agents[turn.caller]
    if (!agent) return
    const startMs = now()
    ended({ at, startMs, call: { do: 'count', key }, outcome: await call(key, agent) })
  })
  const judge = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const probes: Operation[] = []
    const final = await readByCalling(calls.operations, now, (id) => call(id, agent), probes)
    agent.destroy()
    const judged = judgeCounts([...calls.operations, ...probes], final)
    const remain =
      endpoints.redis.length === 0 ? [`the ids that begin with ${prefix} stay: no Redis is known`] : []
    return verdictOf('counter', calls.operations, { ...judged, notes: [...judged.notes, ...remain] })
  }
  return {
    name: 'counter',
    operations: calls.operations,
    stop: () => calls.stop(),
    judge,
    remove: async () => {
      for (const agent of agents) agent.destroy()
      if (endpoints.redis.length > 0) await removeKeys(endpoints.redis, timeoutMs, ids)
    },
  }
}
