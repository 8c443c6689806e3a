import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { counter } from './counter.ts'
import { failover } from './failover.ts'
import { memory } from './memory.ts'
import { describeMachine } from './support/machine.ts'
import { replaceSection } from './support/markdown.ts'
import type { Measurement } from './support/measurement.ts'
import { throughput } from './throughput.ts'
import { up } from './up.ts'

const measurements: readonly Measurement[] = [up, memory, counter, throughput, failover]
const usage = `usage: node bench/run.ts [--rounds N] [--markdown FILE] NAME…
NAME: ${measurements.map(({ name }) => name).join(', ')}
Results are printed, and put between their marks in FILE (default: bench/README.md; "-": only printed).`

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string' }, markdown: { type: 'string' } },
    allowPositionals: true,
  })
  const chosen = measurements.filter(({ name }) => positionals.includes(name))
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  if (chosen.length === 0 || chosen.length !== positionals.length || !(rounds === undefined || rounds >= 1)) {
    console.error(usage)
    return 2
  }
  const file = values.markdown ?? join(import.meta.dirname, 'README.md')
  for (const measurement of chosen) {
    const result = await runOne(measurement, rounds)
    console.log(`\n${result}\n`)
    if (file !== '-')
      await writeFile(file, replaceSection(await readFile(file, 'utf8'), measurement.name, result))
  }
  return 0
}

async function runOne({ name, title, measure }: Measurement, rounds: number | undefined): Promise<string> {
  const say = (text: string) => {
    console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
  }
  say(title)
  const machine = await describeMachine()
  const table = await inScope((scope) => measure({ scope, rounds, say }))
  const command = `node bench/run.ts ${rounds === undefined ? '' : `--rounds ${rounds} `}${name}`
  return [`### ${title}`, '', table, '', machine, `Command: \`${command}\`.`].join('\n')
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
