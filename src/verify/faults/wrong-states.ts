import type { Fault, FaultContext } from './fault.ts'
import { addressSeenBy, infoOf, masterSeenBy } from './redis-words.ts'
import { castOf, failed, indexOf, kill, pick, pidsOf, untilBack, whileStopped, type Cast } from './steps.ts'

// States that Sentinel never leaves by itself. Each is built with Sentinel's own commands while the agents are stopped;
// then they go on, and have a minute to heal it.

const healedWithinMs = 60_000

interface Scene extends Cast {
  /** The name that sentinels know the primary by. */
  readonly name: string
  readonly addresses: readonly string[]
}

async function sceneOf(context: FaultContext): Promise<Scene> {
  const status = await context.driver.observe()
  return {
    ...(await castOf(context)),
    name: status.name,
    addresses: status.nodes.map(({ address }) => address),
  }
}

/** Healthy, and every sentinel names the primary that serves. */
async function healed(context: FaultContext, { name, addresses }: Scene): Promise<void> {
  const { driver } = context
  await context.until('everything healthy, and the sentinels at one', healedWithinMs, async () => {
    const { state, primary, problems } = await driver.observe()
    if (state !== 'healthy' || primary === null)
      return `${state}: ${problems.map(({ message }) => message).join('; ')}`
    const wanted = addresses[indexOf(primary)]
    for (const sentinel of addresses.keys()) {
      const seen = await addressSeenBy(driver, sentinel, name)
      if (seen !== wanted) return `sentinel-${sentinel} names ${seen} instead of ${primary}`
    }
    return true
  })
}

/** Makes a sentinel promote somebody, as anybody can who may talk to it, and waits until it names that one. */
async function forceFailover(context: FaultContext, sentinel: number, scene: Scene): Promise<string> {
  const { driver } = context
  const before = await addressSeenBy(driver, sentinel, scene.name)
  // It may find nobody for as long as its last look at the replicas is old.
  await context.until(`sentinel-${sentinel} begins a failover`, 10_000, async () => {
    await driver.sentinel(sentinel, ['SENTINEL', 'FAILOVER', scene.name])
    return true
  })
  let named = before
  await context.until(`sentinel-${sentinel} names another primary`, 20_000, async () => {
    named = await addressSeenBy(driver, sentinel, scene.name)
    return named !== before || `it names ${named}`
  })
  return named
}

function agents({ all }: Cast): readonly string[] {
  return all.map((node) => `agent-${node}`)
}

const wrongReplica: Fault = {
  name: 'wrong-replica',
  description: 'all sentinels agree on a node that is itself a replica',
  needs: ['signal', 'redis'],
  lastsMs: 15_000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const scene = await sceneOf(context)
    await whileStopped(context, agents(scene), async () => {
      const named = await forceFailover(context, pick(context.random, scene.all), scene)
      const chosen = scene.addresses.indexOf(named)
      for (const sentinel of scene.all)
        await context.until(`sentinel-${sentinel} names it too`, 10_000, async () => {
          const seen = await addressSeenBy(driver, sentinel, scene.name)
          return seen === named || `it names ${seen}`
        })
      await driver.redis(chosen, ['REPLICAOF', ...(scene.addresses[scene.primary] ?? '').split(':')])
      await context.until(`redis-${chosen} is a replica`, 10_000, async () => {
        const info = await infoOf(driver, chosen, 'replication')
        return info.get('role') === 'slave' || `it is a ${info.get('role') ?? '?'}`
      })
      context.did(`all sentinels name redis-${chosen}, which follows redis-${scene.primary}`)
    })
    await healed(context, scene)
  },
}

/** One that nobody of the deployment has. */
const nowhere = ['127.255.255.251', '6379'] as const

const wrongAddress: Fault = {
  name: 'wrong-address',
  description: 'all sentinels watch an address that no longer exists',
  needs: ['signal', 'redis'],
  lastsMs: 15_000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const scene = await sceneOf(context)
    const quorum = String(Math.floor(scene.all.length / 2) + 1)
    await whileStopped(context, agents(scene), async () => {
      // One that was not told yet says to one that was whom it watches: then it is told again.
      await context.until('all sentinels name it', 10_000, async () => {
        const others: string[] = []
        for (const sentinel of scene.all) {
          const seen = await addressSeenBy(driver, sentinel, scene.name)
          if (seen === nowhere.join(':')) continue
          others.push(`sentinel-${sentinel} names ${seen}`)
          await driver.sentinel(sentinel, ['SENTINEL', 'REMOVE', scene.name])
          await driver.sentinel(sentinel, ['SENTINEL', 'MONITOR', scene.name, ...nowhere, quorum])
        }
        return others.length === 0 || others.join(', ')
      })
      context.did(`all sentinels name ${nowhere.join(':')}, where nobody is`)
    })
    await healed(context, scene)
  },
}

const wrongPriorities: Fault = {
  name: 'wrong-priorities',
  description: 'the primary is dead, and the sentinels find no replica that they may promote',
  needs: ['signal', 'redis'],
  lastsMs: 20_000,
  ordinary: false,
  explains: 'unavailable',
  run: async (context) => {
    const { driver } = context
    const scene = await sceneOf(context)
    const setting = ['CONFIG', 'SET', 'replica-priority'] as const
    await whileStopped(context, agents(scene), async () => {
      for (const replica of scene.replicas)
        await driver.change(replica, [...setting, '0'], [...setting, '100'])
      await kill(context, [`redis-${scene.primary}`])
      const [sentinel = 0] = scene.all
      await context.until(`sentinel-${sentinel} takes the primary for down`, 20_000, async () => {
        const seen = await masterSeenBy(driver, sentinel, scene.name)
        return seen.get('flags')?.includes('o_down') === true || JSON.stringify([...seen])
      })
      await context.until('a failover that found nobody', 20_000, async () => {
        const answer = await driver.sentinel(sentinel, ['SENTINEL', 'FAILOVER', scene.name]).then(
          () => 'it began one',
          (error: unknown) => (error as Error).message,
        )
        return answer.includes('NOGOODSLAVE') || answer
      })
      context.did(`redis-${scene.primary} (primary) killed while no replica could be promoted`)
    })
    await healed(context, scene)
    // Whoever has it still is no candidate: agents set it only when it changes, by what they know.
    for (const replica of scene.replicas) await driver.redis(replica, [...setting, '100'])
  },
}

const wrongEpochs: Fault = {
  name: 'wrong-epochs',
  description: 'two sentinels name different primaries in equal epochs',
  needs: ['signal', 'redis', 'supervisor'],
  lastsMs: 25_000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const scene = await sceneOf(context)
    const [one = 0, other = 1, ...rest] = scene.all
    const dead = [other, ...rest].map((node) => `sentinel-${node}`)
    const pids = await pidsOf(driver, dead)
    await whileStopped(context, agents(scene), async () => {
      // Dead, not stopped: what the first one publishes would be read later.
      await kill(context, dead)
      const first = await forceFailover(context, one, scene)
      const epoch = (await masterSeenBy(driver, one, scene.name)).get('config-epoch')
      await whileStopped(context, [`sentinel-${one}`], async () => {
        await driver.signal(`agent-${other}`, 'CONT')
        const otherPid = pids.get(`sentinel-${other}`) ?? 0
        await untilBack(context, new Map([[`sentinel-${other}`, otherPid]]), 15_000)
        await driver.signal(`agent-${other}`, 'STOP')
        // It promotes only whom it has seen well since it started.
        let second = ''
        await context.until(`sentinel-${other} promotes somebody`, 30_000, async () => {
          await driver.sentinel(other, ['SENTINEL', 'FAILOVER', scene.name]).catch(() => undefined)
          second = await addressSeenBy(driver, other, scene.name)
          return second !== scene.addresses[scene.primary] || 'not yet'
        })
        const seen = (await masterSeenBy(driver, other, scene.name)).get('config-epoch')
        context.did(
          `sentinel-${one} names ${first} in epoch ${epoch ?? '?'}, sentinel-${other} ${second} in ${seen ?? '?'}`,
        )
        if (first === second || epoch !== seen) throw failed('the epochs or the addresses are not as wanted')
      })
    })
    await healed(context, scene)
  },
}

export const wrongStates: readonly Fault[] = [wrongReplica, wrongAddress, wrongPriorities, wrongEpochs]
