import type { Fault, FaultContext, FaultDriver } from './fault.ts'
import { settingOf } from './redis-words.ts'
import { castOf, failed } from './steps.ts'

const marked = 'holdfast-verify-swapped'
const rounds = 10

/** Two databases that hold nothing change places again and again, beside whatever is written in the others. */
const swapdbBesideWrites: Fault = {
  name: 'swapdb-beside-writes',
  description: 'SWAPDB of two empty databases, beside writes; that of the markers’ database must be refused',
  needs: ['redis'],
  lastsMs: 3000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    const markersDb = Number(await settingOf(driver, primary, 'databases')) - 1
    const [a, b] = await emptyDatabases(driver, primary, markersDb)
    const place = ['EVAL', "redis.call('SELECT', ARGV[1]) return redis.call('SET', ARGV[2], '1')", '0']
    const gone =
      "for _, db in ipairs({ARGV[1], ARGV[2]}) do redis.call('SELECT', db) redis.call('DEL', ARGV[3]) end"
    await driver.change(
      primary,
      [...place, String(a), marked],
      ['EVAL', gone, '0', String(a), String(b), marked],
    )
    try {
      for (let round = 1; round <= rounds; round += 1) {
        await driver.gateway(['SWAPDB', String(a), String(b)])
        await context.answered(5, 10_000)
        const at = round % 2 === 1 ? b : a
        if ((await existsIn(driver, primary, at, marked)) !== 1)
          throw failed(`after ${round} SWAPDB of ${a} and ${b} the key is not in database ${at}`)
      }
      await mustRefuse(context, ['SWAPDB', '0', String(markersDb)])
      context.did(`databases ${a} and ${b} swapped ${rounds} times`)
    } finally {
      await driver.redis(primary, ['EVAL', gone, '0', String(a), String(b), marked])
    }
  },
}

const flushallBesideWrites: Fault = {
  name: 'flushall-beside-writes',
  description: 'FLUSHALL through the gateway beside writes: what was stored is gone, and it goes on',
  needs: ['redis'],
  destroys: 'data',
  lastsMs: 2000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    const markersDb = Number(await settingOf(driver, primary, 'databases')) - 1
    await driver.gateway(['SET', marked, '1'])
    await driver.gateway(['FLUSHALL'])
    if ((await driver.gateway(['EXISTS', marked])) !== 0) throw failed('FLUSHALL left a key')
    if ((await existsIn(driver, primary, markersDb, 'holdfast:record')) !== 1)
      throw failed('FLUSHALL took the record of the in-sync set with it')
    context.did('FLUSHALL')
    await context.answered(20, 10_000)
  },
}

async function existsIn(driver: FaultDriver, node: number, database: number, key: string): Promise<unknown> {
  const script = "redis.call('SELECT', ARGV[1]) return redis.call('EXISTS', ARGV[2])"
  return driver.redis(node, ['EVAL', script, '0', String(database), key])
}

async function emptyDatabases(
  driver: FaultDriver,
  node: number,
  markersDb: number,
): Promise<readonly [number, number]> {
  const script = "redis.call('SELECT', ARGV[1]) return redis.call('DBSIZE')"
  const empty: number[] = []
  for (let database = markersDb - 1; database > 0 && empty.length < 2; database -= 1)
    if ((await driver.redis(node, ['EVAL', script, '0', String(database)])) === 0) empty.push(database)
  const [a, b] = empty
  if (a === undefined || b === undefined) throw failed('there are no two empty databases to swap')
  return [a, b]
}

async function mustRefuse({ driver }: FaultContext, words: readonly string[]): Promise<void> {
  const answer = await driver.gateway(words).then(
    (reply) => ({ reply }),
    () => null,
  )
  if (answer !== null) throw failed(`${words.join(' ')} was not refused: ${JSON.stringify(answer.reply)}`)
}

export const keyspaceFaults: readonly Fault[] = [swapdbBesideWrites, flushallBesideWrites]
