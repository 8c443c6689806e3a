import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'

import { HoldfastError } from '../errors.ts'
import type { TargetContext } from '../targets/target.ts'
import { keyPrefix } from '../verify/keys.ts'
import { randomFrom } from '../verify/random.ts'
import { runVerify } from '../verify/run.ts'
import { workloads } from '../verify/workloads/all.ts'
import { confirm } from './confirm.ts'
import type { CommandContext } from './context.ts'
import { openReport, type VerifyOutcome } from './verify-outcome.ts'
import { commandOf, type VerifyOptions } from './verify-options.ts'
import { readVersions } from './versions.ts'

/** How long somebody else's system may think before a call is given up. */
const holdMs = 10_000

/** Only calls, against any counter. What it counts stays there: nobody can take it back over HTTP. */
export async function runAgainst(
  context: CommandContext,
  options: VerifyOptions,
  url: string,
  yes: boolean,
  { progress, signal }: TargetContext,
): Promise<VerifyOutcome> {
  const chosen = workloads.filter(
    ({ name, needs }) => needs === 'http' && (options.workloads === null || options.workloads.includes(name)),
  )
  if (chosen.length === 0) {
    throw new HoldfastError('USAGE', 'none of these workloads calls over HTTP', {
      exitCode: 2,
      hint: 'For example: --workloads counter',
    })
  }
  const prefix = `${keyPrefix}${randomBytes(4).toString('hex')}:`
  context.note(
    `warning: ${url} is not known to be a deployment of Holdfast. This writes counters there, which stay: ids that begin with ${prefix}`,
  )
  if (!yes && process.stdin.isTTY && !(await agreed(context, url))) {
    throw new HoldfastError('USAGE', 'nothing was done', { exitCode: 2 })
  }
  const report = await openReport(resolve(options.report ?? join('.holdfast', 'reports')), new Date())
  const random = randomFrom(options.seed)
  const { holdfast, node } = await readVersions(context.env)
  const result = await runVerify({
    about: {
      command: commandOf(options, null),
      seed: options.seed,
      versions: { holdfast, node },
      subject: {
        name: new URL(url).host,
        target: 'HTTP',
        settings: { url, clients: String(options.clients), 'calls a second': String(options.rate) },
      },
    },
    driver: null,
    watchLogs: null,
    endpoints: { url, redis: [] },
    workloads: chosen,
    plan: [],
    keepsTimes: false,
    f: 0,
    durationMs: options.durationMs,
    callers: options.clients,
    ratePerSecond: options.rate,
    prefix,
    holdMs,
    untouched: [],
    random: () => random.next(),
    signal,
    progress,
    onOperations: (operations) => {
      report.history.write(operations)
    },
  })
  return { result, path: await report.finish(result) }
}

async function agreed(context: CommandContext, url: string): Promise<boolean> {
  const command = './holdfast verify --against URL --yes'
  return await confirm(`Write counters at ${url}?`, context, { what: 'it writes there', command })
}
