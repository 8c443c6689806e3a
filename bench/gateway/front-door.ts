import { startBareRedis } from '../../test/harness/bare-redis.ts'
import { createDeployment } from '../support/deployment.ts'
import { freePorts } from '../support/free-ports.ts'
import { startFrontDoor } from '../support/front-door.ts'
import { loadHttp, type HttpFigures } from '../support/http-load.ts'
import { markdownTable, thousands } from '../support/markdown.ts'
import type { MeasureContext, Measurement } from '../support/measurement.ts'
import { median, total } from '../support/statistics.ts'

/**
 * A default deployment beside a counter that talks straight to one Redis without replicas and without persistence, in two round
 * trips a request (GET, SET): the same front door, the same number of instances, in turn.
 */
export const frontDoor: Measurement = {
  name: 'front-door',
  title: 'The counter with full guarantees, at the front door',
  measure,
}

const host = '127.90.9.1'
const connections = 50
const secondsPerRound = 4
const names = ['GET and SET straight at one Redis', 'the counter, gateway with full guarantees'] as const

async function measure({ scope, options: { rounds = 5 }, say }: MeasureContext): Promise<string> {
  const deployment = await createDeployment(scope, { network: '127.90.10' })
  await deployment.holdfast('up')
  await deployment.healthy()
  const starting = startBareRedis({ host, port: await freePorts(host, 1) })
  scope.defer(async () => {
    await (await starting).stop()
  })
  const redis = { host, port: (await starting).port, password: '' }
  const urls = [await startFrontDoor(scope, { program: 'get-set.ts', host, redis }), deployment.url]
  const figures: HttpFigures[][] = [[], []]
  for (const url of urls) await loadHttp(`${url}/warm`, connections, 3)
  for (let round = 1; round <= rounds; round += 1)
    for (const [which, url] of urls.entries()) {
      const measured = await loadHttp(`${url}/bench`, connections, secondsPerRound)
      figures[which]?.push(measured)
      say(`front door, round ${round} of ${rounds}: ${names[which] ?? ''}: ${JSON.stringify(measured)}`)
    }
  const [peer = [], ours = []] = figures
  const ratio = median(ours.map(({ perSecond }, round) => perSecond / (peer[round]?.perSecond ?? NaN)))
  const row = (name: string, all: readonly HttpFigures[], part: string) => [
    name,
    thousands(median(all.map(({ perSecond }) => perSecond))),
    part,
    median(all.map(({ p50Ms }) => p50Ms)).toFixed(0),
    median(all.map(({ p99Ms }) => p99Ms)).toFixed(0),
    String(total(all.map(({ errors }) => errors))),
  ]
  const headers = [`${connections} connections, median of ${rounds} rounds`]
  return markdownTable(
    [...headers, 'requests/s', 'ratio (aim: 1)', 'p50 ms', 'p99 ms', 'errors'],
    [row(names[0], peer, '1.00'), row(names[1], ours, ratio.toFixed(2))],
  )
}
