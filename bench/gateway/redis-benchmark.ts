import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export const connections = 50
export const commands = ['SET', 'GET', 'INCR'] as const
export type CommandName = (typeof commands)[number]

export interface BenchmarkRun {
  readonly host: string
  readonly port: number
  readonly password: string
  readonly command: CommandName
  readonly pipeline: number
  readonly requests: number
}

export interface Sample {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * One run of redis-benchmark: 50 connections, keys out of 100,000, values of 3 bytes. The password is a throw-away one of this
 * run: redis-benchmark takes it on its command line only.
 * @throws Error when it fails or prints no figures
 */
export async function redisBenchmark(scope: AsyncDisposableStack, run: BenchmarkRun): Promise<Sample> {
  const { host, port, password, command, pipeline, requests } = run
  const numbers = { p: port, c: connections, n: requests, P: pipeline, r: 100_000 }
  const args = Object.entries(numbers).flatMap(([key, value]) => [`-${key}`, String(value)])
  const ended = new AbortController()
  scope.defer(() => ended.abort())
  const { stdout } = await promisify(execFile)(
    'redis-benchmark',
    ['-h', host, '-a', password, ...args, '-t', command.toLowerCase(), '--csv'],
    { timeout: 300_000, signal: ended.signal },
  )
  return parseCsv(stdout, command)
}

/** `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` */
function parseCsv(text: string, command: CommandName): Sample {
  const line = text.split('\n').find((each) => each.startsWith(`"${command}",`)) ?? ''
  const [perSecond, , , p50Ms, , p99Ms] = line
    .split(',')
    .slice(1)
    .map((cell) => Number(cell.replaceAll('"', '')))
  if (perSecond === undefined || p50Ms === undefined || p99Ms === undefined)
    throw new Error(`redis-benchmark says: ${text}`)
  return { perSecond, p50Ms, p99Ms }
}
