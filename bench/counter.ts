import { fileURLToPath } from 'node:url'
import { startBareRedis } from '../test/harness/bare-redis.ts'
import { eventually } from '../test/harness/eventually.ts'
import { startChild } from './support/children.ts'
import { freePorts } from './support/free-ports.ts'
import { loadHttp, type HttpFigures } from './support/http-load.ts'
import { markdownTable, thousands } from './support/markdown.ts'
import type { MeasureContext, Measurement } from './support/measurement.ts'
import { median, total } from './support/statistics.ts'

/**
 * The counter beside a bare node:http + ioredis loop: the same Redis, the same load, in turn, each in a process of
 * its own.
 */
export const counter: Measurement = { name: 'counter', title: 'The counter straight on one Redis', measure }

const host = '127.90.4.1'
const connections = 64
const secondsPerRound = 4

async function measure({ scope, options: { rounds = 5 }, say }: MeasureContext): Promise<string> {
  const starting = startBareRedis({ host, port: await freePorts(host, 1) })
  scope.defer(async () => {
    await (await starting).stop()
  })
  const redis = await starting
  const counterUrl = await start(scope, 'peers/counter.ts', redis.port)
  const bareUrl = await start(scope, 'peers/bare-http.ts', redis.port)
  const all: { readonly counter: HttpFigures; readonly bare: HttpFigures }[] = []
  for (let round = 1; round <= rounds; round += 1) {
    say(`counter, round ${round} of ${rounds}`)
    all.push({
      counter: await loadHttp(counterUrl, connections, secondsPerRound),
      bare: await loadHttp(bareUrl, connections, secondsPerRound),
    })
  }
  const row = (what: string, measured: readonly HttpFigures[], ratio: number) => [
    what,
    thousands(median(measured.map(({ perSecond }) => perSecond))),
    ratio.toFixed(2),
    median(measured.map(({ p50Ms }) => p50Ms)).toFixed(0),
    median(measured.map(({ p99Ms }) => p99Ms)).toFixed(0),
    String(total(measured.map(({ errors }) => errors))),
  ]
  const ratio = median(all.map((round) => round.counter.perSecond / round.bare.perSecond))
  return markdownTable(
    [
      `${connections} connections, median of ${rounds} rounds`,
      'requests/s',
      'ratio',
      'p50 ms',
      'p99 ms',
      'errors',
    ],
    [
      row(
        'node:http + ioredis',
        all.map(({ bare }) => bare),
        1,
      ),
      row(
        'the counter',
        all.map((round) => round.counter),
        ratio,
      ),
    ],
  )
}

/** Started and warm. @returns its address */
async function start(scope: AsyncDisposableStack, file: string, redisPort: number): Promise<string> {
  const port = await freePorts(host, 1)
  const env = {
    ...process.env,
    HOST: host,
    PORT: String(port),
    REDIS_HOST: host,
    REDIS_PORT: String(redisPort),
  }
  const script = fileURLToPath(new URL(file, import.meta.url))
  startChild(scope, process.execPath, [script], { env, stdio: 'inherit' })
  const url = `http://${host}:${port}/bench`
  await eventually(`${file} answers`, 20_000, async () => {
    const { status } = await fetch(url)
    return status === 200 || `status ${status}`
  })
  await loadHttp(url, connections, 2)
  return url
}
