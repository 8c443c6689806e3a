import type { Fault, FaultContext, FaultDriver } from './fault.ts'
import { infoOf, setUntilHealed, settingOf } from './redis-words.ts'
import { castOf, failed } from './steps.ts'

const fillerPrefix = 'holdfast-verify-filler:'
const fillers = 4000
const fillerBytes = 4096
const lowForMs = 3000

const outOfMemory: Fault = {
  name: 'out-of-memory',
  description: `the primary may use less memory than it does, for ${lowForMs / 1000} s: Redis refuses writes`,
  needs: ['redis'],
  explains: 'out-of-memory',
  lastsMs: lowForMs + 1000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    const before = await refusals(driver, primary)
    const restore = await setUntilHealed(
      context,
      primary,
      'maxmemory',
      String(await below(driver, primary, 0.9)),
    )
    try {
      await context.until(`redis-${primary} refuses a write`, 15_000, async () => {
        return (await refusals(driver, primary)) > before || 'none was refused for memory'
      })
      context.did(`redis-${primary} (primary) out of memory`)
      await context.pause(lowForMs)
    } finally {
      await restore()
    }
  },
}

/** Only keys of its own have a time to live, so only they are evicted. */
const evictBesideWrites: Fault = {
  name: 'evict-beside-writes',
  description: 'the primary evicts keys of this fault beside the writes of others',
  needs: ['redis'],
  lastsMs: lowForMs + 2000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    await refuseOthersExpiry(driver, primary)
    const restores: (() => Promise<void>)[] = []
    try {
      await driver.change(primary, fill(), unfill())
      const evicted = async () => Number((await infoOf(driver, primary, 'stats')).get('evicted_keys'))
      const before = await evicted()
      restores.push(await setUntilHealed(context, primary, 'maxmemory-policy', 'volatile-random'))
      const lessBytes = (await used(driver, primary)) - (fillers * fillerBytes) / 4
      restores.push(await setUntilHealed(context, primary, 'maxmemory', String(lessBytes)))
      await context.until(
        `redis-${primary} evicts`,
        15_000,
        async () => (await evicted()) > before || 'nothing evicted',
      )
      await context.pause(lowForMs)
      context.did(`redis-${primary} (primary) evicted ${(await evicted()) - before} keys`)
    } finally {
      for (const restore of restores.toReversed()) await restore()
      await removeFillers(context, primary)
    }
  },
}

async function used(driver: FaultDriver, node: number): Promise<number> {
  return Number((await infoOf(driver, node, 'memory')).get('used_memory'))
}

/** @returns bytes: so much of what it uses now */
async function below(driver: FaultDriver, node: number, share: number): Promise<number> {
  return Math.floor((await used(driver, node)) * share)
}

/** How many commands this server has refused for memory since it started. */
async function refusals(driver: FaultDriver, node: number): Promise<number> {
  const counted = (await infoOf(driver, node, 'errorstats')).get('errorstat_OOM') ?? 'count=0'
  return Number(counted.replace('count=', ''))
}

async function refuseOthersExpiry(driver: FaultDriver, node: number): Promise<void> {
  const databases = await infoOf(driver, node, 'keyspace')
  const user = Number(await settingOf(driver, node, 'databases')) - 1
  for (const [name, counts] of databases) {
    const database = Number(/^db(\d+)$/.exec(name)?.[1] ?? Infinity)
    if (database < user && !/expires=0\b/.test(counts))
      throw failed(
        `database ${database} has keys with a time to live, which Redis would evict: nothing was done`,
      )
  }
}

function fill(): readonly string[] {
  const script = `for i = 1, tonumber(ARGV[2]) do
redis.call('SET', ARGV[1] .. i, string.rep('x', tonumber(ARGV[3])), 'EX', 600) end`
  return ['EVAL', script, '0', fillerPrefix, String(fillers), String(fillerBytes)]
}

function unfill(): readonly string[] {
  const script = `for i = 1, tonumber(ARGV[2]) do redis.call('UNLINK', ARGV[1] .. i) end`
  return ['EVAL', script, '0', fillerPrefix, String(fillers)]
}

/** On whoever is primary now; where that is another one by now its replicas lose them with it. */
async function removeFillers(context: FaultContext, filled: number): Promise<void> {
  const { primary } = await castOf(context).catch(() => ({ primary: filled }))
  await context.driver.redis(primary, unfill())
}

export const memoryFaults: readonly Fault[] = [outOfMemory, evictBesideWrites]
