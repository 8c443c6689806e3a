import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'

import { HoldfastError } from '../errors.ts'
import type { TargetContext } from '../targets/target.ts'
import { faults } from '../verify/faults/all.ts'
import type { FaultDriver } from '../verify/faults/fault.ts'
import { keyPrefix } from '../verify/keys.ts'
import { watchLogs } from '../verify/log-watch.ts'
import { chooseFaults, parseSchedule, planFaults, type PlanFacts, type PlannedFault } from '../verify/plan.ts'
import { randomFrom } from '../verify/random.ts'
import { runVerify } from '../verify/run.ts'
import { workloads } from '../verify/workloads/all.ts'
import type { Workload } from '../verify/workloads/workload.ts'
import { confirm } from './confirm.ts'
import { defaultSpecFile, type CommandContext } from './context.ts'
import { openDeployment, type Deployment } from './deployment.ts'
import { openEndpoints, type VerifyEndpoints } from './verify-endpoints.ts'
import { listOf, type VerifyList } from './verify-list.ts'
import { openReport, type VerifyOutcome } from './verify-outcome.ts'
import { commandOf, type VerifyOptions } from './verify-options.ts'
import { readVersions } from './versions.ts'

/** The drill on the deployment that the spec describes. */
export async function runHere(
  context: CommandContext,
  options: VerifyOptions,
  yes: boolean,
  { progress, signal }: TargetContext,
): Promise<VerifyOutcome> {
  const deployment = await openDeployment(context)
  const { spec, target, directory } = deployment
  await using scope = new AsyncDisposableStack()
  const driver = await openDriver(deployment)
  // The result says what is not whole, and is not to be hidden by it.
  scope.defer(() =>
    driver.close().catch((error: unknown) => {
      progress.step(`not healed: ${error instanceof Error ? error.message : String(error)}`)
    }),
  )
  const facts = factsOf(deployment, options, driver)
  const chosen = workloads.filter(({ name }) =>
    options.workloads === null ? whyNoWorkload(deployment, name) === null : options.workloads.includes(name),
  )
  const plan = planOf(options, facts)
  if (plan.some(({ fault }) => fault.destroys !== undefined)) await askFirst(context, yes, spec.name)

  const second = options.secondGateway && chosen.some(({ needs }) => needs === 'redis')
  const endpoints = await openEndpoints(deployment, driver, scope, { second, signal })

  const report = await openReport(
    options.report === null ? join(directory, '.holdfast', 'reports') : resolve(options.report),
    new Date(),
  )
  const random = randomFrom(options.seed)
  progress.step(`seed ${options.seed}: ${plan.map(({ fault }) => fault.name).join(', ') || 'no fault'}`)
  const result = await runVerify({
    about: {
      command: commandOf(options, context.specFile === defaultSpecFile ? null : context.specFile),
      seed: options.seed,
      versions: await versionsOf(context),
      subject: { name: spec.name, target: target.kind, settings: settingsOf(deployment, options, endpoints) },
    },
    driver,
    watchLogs: (startedAtMs) => watchLogs(target, startedAtMs),
    endpoints,
    cuts: endpoints.cuts,
    routed: endpoints.routed,
    workloads: chosen,
    plan,
    keepsTimes: options.faults.includes('@'),
    f: Math.floor((spec.redis.nodes - 1) / 2),
    durationMs: options.durationMs,
    callers: options.clients,
    ratePerSecond: options.rate,
    prefix: `${keyPrefix}${randomBytes(4).toString('hex')}:`,
    holdMs: spec.gateway.holdMs,
    untouched: endpoints.untouched,
    random: () => random.next(),
    signal,
    progress,
    onOperations: (operations) => {
      report.history.write(operations)
    },
  })
  return { result, path: await report.finish(result) }
}

/** What can be had here. Of a deployment that does not run only the spec is known. */
export async function listHere(context: CommandContext, options: VerifyOptions): Promise<VerifyList> {
  const deployment = await openDeployment(context)
  let driver: FaultDriver | null = null
  try {
    driver = await openDriver(deployment)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    context.note(`${error.message}: what is lacking for a fault is not known`)
  }
  try {
    const facts = factsOf(deployment, options, driver)
    return listOf(workloads, faults, facts, ({ name }) => whyNoWorkload(deployment, name))
  } finally {
    await driver?.close()
  }
}

/** @throws HoldfastError NOT_RUNNING, BUSY, UNSUPPORTED */
async function openDriver({ target }: Deployment): Promise<FaultDriver> {
  if (target.faults !== undefined) return await target.faults()
  throw new HoldfastError(
    'UNSUPPORTED',
    `verify cannot break or heal anything of the target ${target.kind}`,
    {
      exitCode: 2,
      hint: 'Only calls: ./holdfast verify --against URL',
    },
  )
}

function factsOf(
  { spec }: Deployment,
  { destructive }: VerifyOptions,
  driver: FaultDriver | null,
): PlanFacts {
  return {
    nodes: spec.redis.nodes,
    instances: spec.app.instances,
    why: (capability) => driver?.why(capability) ?? null,
    destructive,
  }
}

/** Who names a workload gets it all the same: somebody's own program may count, and a cluster be near. */
function whyNoWorkload({ spec, target }: Deployment, name: Workload['name']): string | null {
  const workload = workloads.find((each) => each.name === name)
  if (name === 'impatient' && target.kind === 'kubernetes')
    return 'it gives up after 1 s, and a connection through the API server may take as long'
  return workload?.needs === 'http' && spec.app.command !== null
    ? 'it needs a counter behind the front door, and the spec has a program of its own'
    : null
}

/** @throws HoldfastError USAGE when nothing of what was asked for fits */
function planOf(options: VerifyOptions, facts: PlanFacts): readonly PlannedFault[] {
  const { faults: text, seed, durationMs, overlap } = options
  if (text === 'none') return []
  if (text.includes('@')) return parseSchedule(text, faults, facts, seed)
  const chosen = chooseFaults(text, faults, facts)
  const plan = planFaults({ seed, durationMs, faults: chosen, facts, overlap })
  if (plan.length > 0) return plan
  const longest = Math.min(...chosen.map(({ lastsMs }) => lastsMs))
  throw new HoldfastError('USAGE', `no fault fits into ${durationMs / 1000} s`, {
    exitCode: 2,
    hint: `The shortest lasts ${Math.ceil(longest / 1000)} s, and recovery takes time: --for 60s, or --faults none`,
  })
}

async function askFirst(context: CommandContext, yes: boolean, name: string): Promise<void> {
  const question = `Destroy what is stored in ${name}, on purpose?`
  const without = { what: 'the plan destroys stored data', command: './holdfast verify --destructive --yes' }
  if (!yes && !(await confirm(question, context, without)))
    throw new HoldfastError('USAGE', 'nothing was done', { exitCode: 2 })
}

async function versionsOf(context: CommandContext): Promise<Record<string, string>> {
  const versions = Object.entries(await readVersions(context.env))
  return Object.fromEntries(
    versions.flatMap(([name, version]) => (typeof version === 'string' ? [[name, version]] : [])),
  )
}

function settingsOf(
  { spec }: Deployment,
  { clients, rate, overlap }: VerifyOptions,
  endpoints: VerifyEndpoints,
): Record<string, string> {
  const { gateway } = spec
  return {
    nodes: String(spec.redis.nodes),
    instances: String(spec.app.instances),
    ...endpoints.settings,
    appendfsync: spec.redis.appendfsync,
    'gateway.delivery': gateway.delivery,
    'gateway.ack': String(gateway.ack),
    'gateway.reads': gateway.reads,
    'gateway.hold': `${gateway.holdMs / 1000} s`,
    clients: String(clients),
    'calls a second': String(rate),
    faults: overlap ? 'beside each other' : 'one at a time',
  }
}
