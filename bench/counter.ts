import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { freePort, startBareRedis } from '../test/harness/bare-redis.ts'
import { eventually } from '../test/harness/eventually.ts'

/**
 * The counter beside a bare node:http + ioredis loop: the same Redis, the same load, in turn, each in a process of
 * its own. Prints requests a second and latencies of each, the median of the rounds, and their ratio.
 */
const HOST = '127.20.9.1'
const CONNECTIONS = 64
const ROUNDS = 5
const ROUND_SECONDS = 4

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

async function start(file: string, redisPort: number) {
  const port = await freePort(HOST)
  const env = { ...process.env, HOST, PORT: String(port), REDIS_HOST: HOST, REDIS_PORT: String(redisPort) }
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env,
    stdio: 'inherit',
  })
  const url = `http://${HOST}:${port}/bench`
  await eventually(`${file} answers`, 20_000, async () => {
    const { status } = await fetch(url)
    return status === 200 || `status ${status}`
  })
  const measure = async (seconds: number): Promise<Measured> => {
    const { requests, latency, errors, non2xx } = await autocannon({
      url,
      connections: CONNECTIONS,
      duration: seconds,
    })
    return { perSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99, errors: errors + non2xx }
  }
  await measure(2)
  const stop = async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return { measure, [Symbol.asyncDispose]: stop }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
}

async function run(): Promise<void> {
  await using redis = await startBareRedis({ host: HOST })
  await using counter = await start('peers/counter.ts', redis.port)
  await using bare = await start('peers/bare-http.ts', redis.port)
  const rounds: { readonly counter: Measured; readonly bare: Measured }[] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({ counter: await counter.measure(ROUND_SECONDS), bare: await bare.measure(ROUND_SECONDS) })
  const row = (name: 'counter' | 'bare') => {
    const all = rounds.map((round) => round[name])
    return {
      'requests/s': Math.round(median(all.map(({ perSecond }) => perSecond))),
      'p50 ms': median(all.map(({ p50Ms }) => p50Ms)),
      'p99 ms': median(all.map(({ p99Ms }) => p99Ms)),
      errors: all.reduce((sum, { errors }) => sum + errors, 0),
    }
  }
  console.table({ counter: row('counter'), 'node:http + ioredis': row('bare') })
  const ratio = median(rounds.map((round) => round.counter.perSecond / round.bare.perSecond))
  console.log(
    `The counter carries ${ratio.toFixed(2)} of the bare loop (${CONNECTIONS} connections, ${ROUNDS} rounds).`,
  )
}

await run()
