import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { counter } from './counter.ts'
import { failover } from './failover/failover.ts'
import { savedCommand } from './failover/saved.ts'
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
  --peer-faults N       failover: the same at HAProxy (default: as many)
  --kinds KIND,…        failover: these only: switchover, kill, replica-hang, hang, cut, replica-kill
  --only SYSTEM         failover: holdfast or haproxy
  --save FILE           failover: the results as JSON, too
  --from FILE,…         failover: reports saved results of several runs together, and measures nothing
  --markdown FILE       results are printed, and put between their marks in FILE (default: bench/README.md; "-": only printed)
  --readme FILE         failover: the same for the comparison (default: README.md, and "-" with --markdown)`

process.exitCode = await main()

async function main(): Promise<number> {
  const given = readArguments()
  if (given === undefined) {
    console.error(usage)
    return 2
  }
  const { markdown, chosen, options, flags } = given
  const file = markdown ?? join(import.meta.dirname, 'README.md')
  const readme = given.readme ?? (markdown === undefined ? join(import.meta.dirname, '../README.md') : '-')
  for (const measurement of chosen) {
    const { result, published } = await runOne(measurement, options, flags)
    console.log(`\n${result}\n`)
    await put(file, measurement.name, result)
    for (const [section, table] of published) {
      console.log(`${table}\n`)
      await put(readme, section, table)
    }
  }
  return 0
}

/** @param file "-": nowhere */
async function put(file: string, section: string, text: string): Promise<void> {
  if (file !== '-') await writeFile(file, replaceSection(await readFile(file, 'utf8'), section, text))
}

interface Given {
  readonly chosen: readonly Measurement[]
  readonly options: MeasureOptions
  /** As it was typed, to be typed again. */
  readonly flags: string
  readonly markdown: string | undefined
  readonly readme: string | undefined
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
      'peer-faults': text,
      kinds: text,
      only: text,
      save: text,
      from: text,
      markdown: text,
      readme: text,
    },
    allowPositionals: true,
  })
  const { markdown, readme, ...chosenOptions } = values
  const chosen = measurements.filter(({ name }) => positionals.includes(name))
  const numbers = (['rounds', 'requests', 'faults', 'peer-faults'] as const).flatMap((name) =>
    values[name] === undefined
      ? []
      : [[name === 'peer-faults' ? 'peerFaults' : name, Number(values[name])] as const],
  )
  if (chosen.length === 0 || chosen.length !== positionals.length || numbers.some(([, n]) => !(n >= 1)))
    return undefined
  const { profile, kinds, only, save, from } = values
  return {
    chosen,
    options: {
      ...Object.fromEntries(numbers),
      ...(profile === undefined ? {} : { profile: resolve(profile) }),
      ...(kinds === undefined ? {} : { kinds: kinds.split(',') }),
      ...(only === undefined ? {} : { only }),
      ...(save === undefined ? {} : { save: resolve(save) }),
      ...(from === undefined ? {} : { from: from.split(',').map((file) => resolve(file)) }),
    },
    flags: Object.entries(chosenOptions)
      .filter(([name]) => !['profile', 'save', 'from'].includes(name))
      .map(([name, value]) => `--${name} ${value} `)
      .join(''),
    markdown,
    readme,
  }
}

async function runOne({ name, title, measure }: Measurement, options: MeasureOptions, flags: string) {
  const say = (text: string) => {
    console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  say(title)
  const machine = await describeMachine()
  const published = new Map<string, string>()
  const publish = (section: string, table: string) => published.set(section, table)
  const table = await inScope((scope) =>
    measure({ scope, options, say, publish, command: `node bench/run.ts ${flags}${name}` }),
  )
  const command = commandOf(options, `node bench/run.ts ${flags}${name}`)
  return { result: [`### ${title}`, '', table, '', machine, command].join('\n'), published }
}

function commandOf({ from }: MeasureOptions, command: string): string {
  if (from === undefined) return `Command: \`${command}\`.`
  const each = from.map((file) => `\`${savedCommand(file)}\``)
  return `Commands, each in a network of its own, some of them at the same time: ${each.join('; ')}.`
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
