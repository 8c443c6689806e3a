import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Status } from '../src/targets/status.ts'
import { startChild } from './support/children.ts'
import { createDeployment } from './support/deployment.ts'
import { freePorts } from './support/free-ports.ts'
import { markdownTable, thousands } from './support/markdown.ts'
import type { MeasureContext, Measurement } from './support/measurement.ts'
import { median } from './support/statistics.ts'

/**
 * redis-benchmark against the primary of one deployment: straight at it, through HAProxy (one thread, mode tcp), and
 * through the gateway, in turn. Only the gateway waits for the in-sync set, and confirms its reads.
 */
export const throughput: Measurement = { name: 'throughput', title: "The gateway's throughput", measure }

const clients = 50
const pipelines = [
  { depth: 1, requests: 100_000 },
  { depth: 16, requests: 1_000_000 },
]
const commands = ['SET', 'GET'] as const
const explanation =
  'redis-benchmark, the nodes, the endpoint: all on this machine, one primary with two replicas under all three. Only the gateway ' +
  'answers a write once the in-sync set has it, and confirms what it reads; the other two answer at once.'
const proxyHost = '127.90.6.1'

interface Endpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

interface Sample {
  readonly endpoint: string
  readonly command: string
  readonly depth: number
  readonly perSecond: number
  readonly p99Ms: number
}

async function measure({ scope, rounds = 3, say }: MeasureContext): Promise<string> {
  const deployment = await createDeployment(scope, { network: '127.90.5' })
  await deployment.holdfast('up')
  const primary = primaryOf(await deployment.healthy())
  const gateway = await deployment.target.connection()
  const proxyPort = await startProxy(scope, primary)
  const endpoints: readonly Endpoint[] = [
    { name: 'straight at the primary', ...primary },
    { name: 'HAProxy, one thread', host: proxyHost, port: proxyPort },
    { name: 'the gateway', host: gateway.host, port: gateway.port },
  ]
  const samples: Sample[] = []
  for (let round = 1; round <= rounds; round += 1)
    for (const { depth, requests } of pipelines)
      for (const endpoint of endpoints) {
        say(`throughput, round ${round} of ${rounds}: ${endpoint.name}, pipeline ${depth}`)
        samples.push(...(await benchmark(scope, endpoint, gateway.password, depth, requests)))
      }
  const cells = (endpoint: string) =>
    pipelines.flatMap(({ depth }) =>
      commands.flatMap((command) => {
        const these = samples.filter(
          (one) => one.endpoint === endpoint && one.command === command && one.depth === depth,
        )
        const perSecond = thousands(median(these.map((one) => one.perSecond)))
        return [`${perSecond} (${median(these.map(({ p99Ms }) => p99Ms)).toFixed(1)})`]
      }),
    )
  const headers = pipelines.flatMap(({ depth }) => commands.map((command) => `${command}, pipeline ${depth}`))
  const table = markdownTable(
    [`commands/s (p99 ms), ${clients} connections, median of ${rounds} rounds`, ...headers],
    endpoints.map(({ name }) => [name, ...cells(name)]),
  )
  return `${table}\n\n${explanation}`
}

function primaryOf(status: Status): { readonly host: string; readonly port: number } {
  const address = status.nodes.find(({ name }) => name === status.primary)?.address ?? ''
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
}

async function startProxy(scope: AsyncDisposableStack, to: { readonly host: string; readonly port: number }) {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-proxy-'))
  scope.defer(() => rm(directory, { recursive: true, force: true }))
  const port = await freePorts(proxyHost, 1)
  const file = join(directory, 'haproxy.cfg')
  await writeFile(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen redis
  bind ${proxyHost}:${port}
  server primary ${to.host}:${to.port}
`,
  )
  startChild(scope, 'haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  return port
}

/** The password is a throw-away one of this run: redis-benchmark takes it on its command line only. */
async function benchmark(
  scope: AsyncDisposableStack,
  { name, host, port }: Endpoint,
  password: string,
  depth: number,
  requests: number,
): Promise<Sample[]> {
  const numbers = { p: port, c: clients, n: requests, P: depth, r: 100_000 }
  const args = Object.entries(numbers).flatMap(([key, value]) => [`-${key}`, String(value)])
  const ended = new AbortController()
  scope.defer(() => ended.abort())
  const { stdout } = await promisify(execFile)(
    'redis-benchmark',
    ['-h', host, '-a', password, ...args, '-t', commands.join(',').toLowerCase(), '--csv'],
    { timeout: 300_000, signal: ended.signal },
  )
  return commands.map((command) => {
    const line = stdout.split('\n').find((each) => each.startsWith(`"${command}",`))
    const [perSecond, , , , , p99Ms] = (line ?? '')
      .split(',')
      .slice(1)
      .map((cell) => Number(cell.replaceAll('"', '')))
    if (perSecond === undefined || p99Ms === undefined)
      throw new Error(`redis-benchmark at ${name}: ${stdout}`)
    return { endpoint: name, command, depth, perSecond, p99Ms }
  })
}
