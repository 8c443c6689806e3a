import { HoldfastError } from '../errors.ts'
import { nearest } from '../spec/nearest.ts'
import { parseDuration } from '../spec/units.ts'
import { quoteForShell } from './shell-quote.ts'

/** As the command line gives them. */
export interface VerifyFlags {
  readonly for?: string
  readonly faults?: string
  readonly workloads?: string
  readonly clients?: string
  readonly rate?: string
  readonly seed?: string
  readonly overlap?: boolean
  readonly destructive?: boolean
  readonly secondGateway?: boolean
  readonly against?: string
  readonly report?: string
  readonly list?: boolean
  readonly json?: boolean
  readonly yes?: boolean
}

export interface VerifyOptions {
  readonly durationMs: number
  /** A group, names, a schedule; `none`. */
  readonly faults: string
  /** Null: all that can. */
  readonly workloads: readonly string[] | null
  readonly clients: number
  readonly rate: number
  readonly seed: number
  readonly overlap: boolean
  readonly destructive: boolean
  readonly secondGateway: boolean
  /** Without a slash at the end. */
  readonly against: string | null
  readonly report: string | null
}

const limits = { clients: 1000, rate: 100_000, seed: 4_294_967_295, durationMs: 7 * 24 * 3_600_000 }

/**
 * @param freshSeed for a run that names none
 * @throws HoldfastError USAGE with every mistake at once
 */
export function readVerifyOptions(
  flags: VerifyFlags,
  freshSeed: number,
  workloads: readonly string[],
): VerifyOptions {
  const problems: string[] = []
  const durationMs = parseRunTime(flags.for ?? '60s')
  if (durationMs === undefined || durationMs < 5000 || durationMs > limits.durationMs)
    problems.push(`--for ${flags.for ?? ''}: a time of at least 5s, for example 90s, 10m or 1h`)
  const number = (name: 'clients' | 'rate' | 'seed', fallback: number): number => {
    const text = flags[name]
    if (text === undefined) return fallback
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
    const from = name === 'seed' ? 0 : 1
    if (value >= from && value <= limits[name]) return value
    problems.push(`--${name} ${text}: a whole number from ${from} to ${limits[name]}`)
    return fallback
  }
  const options = {
    durationMs: durationMs ?? 0,
    faults: flags.faults ?? (flags.against === undefined ? 'ordinary' : 'none'),
    workloads: flags.workloads === undefined ? null : chosen(flags.workloads, workloads, problems),
    clients: number('clients', 32),
    rate: number('rate', 200),
    seed: number('seed', freshSeed),
    overlap: flags.overlap ?? false,
    destructive: flags.destructive ?? false,
    secondGateway: flags.secondGateway ?? true,
    against: flags.against === undefined ? null : baseUrl(flags.against, problems),
    report: flags.report ?? null,
  }
  if (flags.against !== undefined && options.faults !== 'none')
    problems.push('--against breaks nothing, so it takes no --faults')
  if (problems.length === 0) return options
  throw new HoldfastError('USAGE', problems.join('\n  '), {
    exitCode: 2,
    hint: 'See: ./holdfast help verify',
  })
}

/** @param text also hours, which a spec has no use for */
function parseRunTime(text: string): number | undefined {
  const hours = /^(\d{1,3}(?:\.\d{1,2})?)h$/.exec(text)?.[1]
  return hours === undefined ? parseDuration(text) : Math.round(Number(hours) * 3_600_000)
}

function chosen(text: string, known: readonly string[], problems: string[]): readonly string[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '')
  if (names.length === 0) problems.push('--workloads names none')
  for (const name of names.filter((each) => !known.includes(each))) {
    const near = nearest(name, known)
    problems.push(`--workloads ${name}: there is no such workload${near === undefined ? '' : `; ${near}?`}`)
  }
  return names
}

function baseUrl(text: string, problems: string[]): string {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' || url.username !== '' || url.search !== '' || url.hash !== '') {
    problems.push(`--against ${text}: a URL like http://127.0.0.1:8080`)
  }
  return text.replace(/\/+$/, '')
}

/** The command that does the same again. */
export function commandOf(options: VerifyOptions, specFile: string | null): string {
  const seconds = options.durationMs / 1000
  const words = [
    ...(options.against === null ? [] : ['--against', options.against]),
    ...(specFile === null ? [] : ['--spec', specFile]),
    '--for',
    seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds}s`,
    ...(options.against === null ? ['--faults', options.faults] : []),
    ...(options.workloads === null ? [] : ['--workloads', options.workloads.join(',')]),
    ...['--clients', String(options.clients), '--rate', String(options.rate), '--seed', String(options.seed)],
    ...(options.overlap ? ['--overlap'] : []),
    ...(options.destructive ? ['--destructive'] : []),
    ...(options.secondGateway ? [] : ['--no-second-gateway']),
  ]
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoteForShell(word)))
  return `./holdfast verify ${quoted.join(' ')}`
}
