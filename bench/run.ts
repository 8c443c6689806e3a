import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { counter } from './counter.ts'
import { failover } from './failover/failover.ts'
import { frontDoor } from './gateway/front-door.ts'
import { sessions } from './gateway/sessions.ts'
import { throughput } from './gateway/throughput.ts'
import { memory } from './memory.ts'
import { describeMachine } from './support/machine.ts'
import { replaceSection } from './support/markdown.ts'
import type { Measurement, MeasureOptions } from './support/measurement.ts'
import { up } from './up.ts'

const measurements: readonly Measurement[] = [up, memory, counter, throughput, frontDoor, sessions, failover]
const usage = `usage: node bench/run.ts [OPTION…] NAME…
NAME: ${measurements.map(({ name }) => name).join(', ')}
  --rounds N            how often each thing is done
  --requests N          throughput: commands of a run without pipelining (default 100000; a fifth is a quick look)
  --profile DIRECTORY   throughput: CPU profiles of the gateways
  --faults N            failover: of each kind (default 10; 50 for figures to publish)
  --kinds KIND,…        failover: these only: switchover, kill, replica-hang, hang, cut, replica-kill
  --only SYSTEM         failover: holdfast or haproxy
  --markdown FILE       results are printed, and put between their marks in FILE (default: bench/README.md; "-": only printed)`

process.exitCode = await main()

async function main(): Promise<number> {
  const given = readArguments()
  if (given === undefined) {
    console.error(usage)
    return 2
  }
  const file = given.markdown ?? join(import.meta.dirname, 'README.md')
  for (const measurement of given.chosen) {
    const result = await runOne(measurement, given.options, given.flags)
    console.log(`\n${result}\n`)
    if (file !== '-')
      await writeFile(file, replaceSection(await readFile(file, 'utf8'), measurement.name, result))
  }
  return 0
}

interface Given {
  readonly chosen: readonly Measurement[]
  readonly options: MeasureOptions
  /** As it was typed, to be typed again. */
  readonly flags: string
  readonly markdown: string | undefined
}

/** Undefined: not as the usage says. */
function readArguments(): Given | undefined {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    options: {
      rounds: text,
      requests: text,
      profile: text,
      faults: text,
      kinds: text,
      only: text,
      markdown: text,
    },
    allowPositionals: true,
  })
  const { markdown, ...chosenOptions } = values
  const chosen = measurements.filter(({ name }) => positionals.includes(name))
  const numbers = (['rounds', 'requests', 'faults'] as const).flatMap((name) =>
    values[name] === undefined ? [] : [[name, Number(values[name])] as const],
  )
  if (chosen.length === 0 || chosen.length !== positionals.length || numbers.some(([, n]) => !(n >= 1)))
    return undefined
  const { profile, kinds, only } = values
  return {
    chosen,
    options: {
      ...Object.fromEntries(numbers),
      ...(profile === undefined ? {} : { profile: resolve(profile) }),
      ...(kinds === undefined ? {} : { kinds: kinds.split(',') }),
      ...(only === undefined ? {} : { only }),
    },
    flags: Object.entries(chosenOptions)
      .filter(([name]) => name !== 'profile')
      .map(([name, value]) => `--${name} ${value} `)
      .join(''),
    markdown,
  }
}

async function runOne({ name, title, measure }: Measurement, options: MeasureOptions, flags: string) {
  const say = (text: string) => {
    console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  say(title)
  const machine = await describeMachine()
  const table = await inScope((scope) => measure({ scope, options, say }))
  return [`### ${title}`, '', table, '', machine, `Command: \`node bench/run.ts ${flags}${name}\`.`].join(
    '\n',
  )
}

/** Whatever happens, Ctrl-C included: what was started is ended, and only then this process. */
async function inScope<T>(work: (scope: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const scope = new AsyncDisposableStack()
  const exited = Promise.withResolvers<never>()
  const interruption = new AbortController()
  const stop = (why: NodeJS.Signals | Error) => {
    if (interruption.signal.aborted) return
    interruption.abort()
    console.error(why)
    console.error('Ending what was started.')
    const exit = () => process.exit({ SIGINT: 130, SIGTERM: 143 }[String(why)] ?? 1)
    scope.disposeAsync().then(exit, (error: unknown) => {
      console.error(error)
      exit()
    })
  }
  process.on('SIGINT', stop).on('SIGTERM', stop).on('uncaughtException', stop)
  try {
    return await work(scope)
  } finally {
    // The work fails when its servers go: that is no news then.
    if (interruption.signal.aborted) await exited.promise
    await scope.disposeAsync()
    process.off('SIGINT', stop).off('SIGTERM', stop).off('uncaughtException', stop)
  }
}
