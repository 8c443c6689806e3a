import { startBareRedis } from '../../test/harness/bare-redis.ts'
import { createDeployment } from '../support/deployment.ts'
import { freePorts } from '../support/free-ports.ts'
import { startFrontDoor } from '../support/front-door.ts'
import { loadHttp, type HttpFigures } from '../support/http-load.ts'
import { markdownTable, thousands } from '../support/markdown.ts'
import type { MeasureContext, Measurement } from '../support/measurement.ts'
import { median, total } from '../support/statistics.ts'

/**
 * A default deployment beside counters that talk straight to one Redis without replicas and without persistence, in two round
 * trips a request (GET, SET): the same front door, the same number of instances, in turn. One is written as such counters often
 * are, the other is the bundled one but for its store.
 */
export const frontDoor: Measurement = {
  name: 'front-door',
  title: 'The counter with full guarantees, at the front door',
  measure,
}

const host = '127.90.9.1'
const connections = 50
const secondsPerRound = 4
const warmSeconds = 3

interface Row {
  readonly name: string
  readonly figures: HttpFigures[]
}

async function measure({ scope, options: { rounds = 5 }, say }: MeasureContext): Promise<string> {
  const deployment = await createDeployment(scope, { network: '127.90.10' })
  const starting = startBareRedis({ host, port: await freePorts(host, 1) })
  scope.defer(async () => {
    await (await starting).stop()
  })
  const redis = { host, port: (await starting).port, password: '' }
  const peerOf = async (name: string, program: 'get-set.ts' | 'counter-get-set.ts') => {
    const url = await startFrontDoor(scope, { program, host, redis })
    await loadHttp(`${url}/warm`, connections, warmSeconds)
    return { name, url, figures: [] }
  }
  const peers: readonly (Row & { readonly url: string })[] = [
    await peerOf('node:http + ioredis, GET and SET straight at one Redis', 'get-set.ts'),
    await peerOf('the counter, but GET and SET straight at one Redis', 'counter-get-set.ts'),
  ]
  const ours: Row = { name: 'the counter, gateway with full guarantees', figures: [] }
  for (let round = 1; round <= rounds; round += 1) {
    const load = async ({ name, figures }: Row, url: string) => {
      const measured = await loadHttp(`${url}/bench`, connections, secondsPerRound)
      figures.push(measured)
      say(`front door, round ${round} of ${rounds}: ${name}: ${JSON.stringify(measured)}`)
    }
    for (const peer of peers) await load(peer, peer.url)
    // Up for its own turn only: idle it still takes a few percent of a core, which the others would go without.
    await deployment.holdfast('up')
    await deployment.healthy()
    await loadHttp(`${deployment.url}/warm`, connections, warmSeconds)
    await load(ours, deployment.url)
    await deployment.holdfast('down')
  }
  const ratioTo = ({ figures }: Row) =>
    median(ours.figures.map(({ perSecond }, round) => perSecond / (figures[round]?.perSecond ?? NaN)))
  return markdownTable(
    [
      `${connections} connections, median of ${rounds} rounds`,
      'requests/s',
      'the deployment has of it (aim: 1)',
      'p50 ms',
      'p99 ms',
      'errors',
    ],
    [...peers, ours].map((each) => [
      each.name,
      thousands(median(each.figures.map(({ perSecond }) => perSecond))),
      each === ours ? '' : ratioTo(each).toFixed(2),
      median(each.figures.map(({ p50Ms }) => p50Ms)).toFixed(0),
      median(each.figures.map(({ p99Ms }) => p99Ms)).toFixed(0),
      String(total(each.figures.map(({ errors }) => errors))),
    ]),
  )
}
