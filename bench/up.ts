import { mkdtemp, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createDeployment, type BenchDeployment } from './support/deployment.ts'
import { duration, markdownTable } from './support/markdown.ts'
import type { MeasureContext, Measurement } from './support/measurement.ts'
import { highest, median } from './support/statistics.ts'

/** `./holdfast up` from nothing running and no state, then once more with nothing to do. */
export const up: Measurement = { name: 'up', title: 'Starting', measure }

interface Times {
  readonly healthyMs: number
  readonly doneMs: number
  readonly againMs: number
}

async function measure({ scope, options: { rounds = 5 }, say }: MeasureContext): Promise<string> {
  const warm: Times[] = []
  const cold: Times[] = []
  const deployment = await createDeployment(scope, { network: '127.90.1' })
  say('filling the compile cache')
  await startOnce(deployment)
  for (let round = 1; round <= rounds; round += 1) {
    say(`up, round ${round} of ${rounds}`)
    warm.push(await startOnce(deployment))
    const cache = await mkdtemp(join(tmpdir(), 'holdfast-bench-cache-'))
    scope.defer(() => rm(cache, { recursive: true, force: true }))
    const fresh = await createDeployment(scope, { network: '127.90.2', env: { NODE_COMPILE_CACHE: cache } })
    cold.push(await startOnce(fresh))
  }
  const row = (what: string, values: readonly number[]) => [
    what,
    duration(median(values)),
    duration(highest(values)),
  ]
  const of = (times: readonly Times[], key: keyof Times) => times.map((each) => each[key])
  return markdownTable(
    [`${rounds} rounds each`, 'median', 'max'],
    [
      row('`up` to a healthy answer at the front door', of(warm, 'healthyMs')),
      row('`up` to its end', of(warm, 'doneMs')),
      row('a second `up`, nothing to do', of(warm, 'againMs')),
      row('`up` to a healthy answer, empty compile cache (first start of a clone)', of(cold, 'healthyMs')),
      row('`up` to its end, empty compile cache', of(cold, 'doneMs')),
    ],
  )
}

async function startOnce(deployment: BenchDeployment): Promise<Times> {
  const beganMs = performance.now()
  const ended = new AbortController()
  const answer = firstAnswer(`${deployment.url}/ping`, beganMs, ended.signal)
  try {
    const { tookMs } = await deployment.holdfast('up')
    const healthyMs = await answer
    const again = await deployment.holdfast('up')
    if (!again.stderr.includes('nothing to do')) throw new Error(`the second up did: ${again.stderr}`)
    await deployment.purge()
    return { healthyMs, doneMs: tookMs, againMs: again.tookMs }
  } finally {
    ended.abort()
  }
}

/** Asks every 5 ms. @returns milliseconds until the first 200; NaN when told to give up */
async function firstAnswer(url: string, beganMs: number, signal: AbortSignal): Promise<number> {
  while (!signal.aborted) {
    if ((await statusOf(url)) === 200) return performance.now() - beganMs
    await delay(5)
  }
  return NaN
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 1000 }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => {
      resolve(0)
    })
  })
}
