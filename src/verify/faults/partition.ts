import { attachedReplicas } from '../../agent/redis-info.ts'
import type { Fault, FaultContext, Place } from './fault.ts'
import { infoOf, setUntilHealed } from './redis-words.ts'
import { between, castOf, epochOf, failed, pick, untilLater, type Cast } from './steps.ts'

/** Long enough for the others to notice, to elect and to go on, and for the primary to wonder; below hold. */
const cutMs = 5000

interface Partition {
  readonly name: string
  readonly description: string
  readonly nodes?: number
  readonly ordinary?: boolean
  /** Two sides that hear nothing of each other. */
  readonly sides: (cast: Cast, random: () => number) => readonly [readonly Place[], readonly Place[]]
}

const partitions: readonly Partition[] = [
  {
    name: 'partition-primary',
    description: 'cuts the primary off from everybody, the gateway too',
    ordinary: true,
    sides: ({ primary, replicas }) => [[primary], [...replicas, 'gateway']],
  },
  {
    name: 'partition-primary-with-gateway',
    description: 'cuts the primary and the gateway off from the other nodes',
    sides: ({ primary, replicas }) => [[primary, 'gateway'], replicas],
  },
  {
    name: 'partition-primary-with-minority',
    description: 'cuts the primary and one replica off from the other nodes and the gateway',
    nodes: 5,
    sides: ({ primary, replicas }, random) => {
      const companion = pick(random, replicas)
      return [
        [primary, companion],
        [...replicas.filter((node) => node !== companion), 'gateway'],
      ]
    },
  },
  {
    name: 'partition-replica',
    description: 'cuts a replica off from everybody',
    sides: ({ all, replicas }, random) => {
      const alone = pick(random, replicas)
      return [[alone], [...all.filter((node) => node !== alone), 'gateway']]
    },
  },
]

function partitionFault({ name, description, nodes, ordinary = false, sides }: Partition): Fault {
  return {
    name,
    description: `${description}, for ${cutMs / 1000} s`,
    needs: ['network'],
    atLeast: { nodes: nodes ?? 3 },
    takesNodes: nodes === 5 ? 2 : 1,
    lastsMs: cutMs + 1500,
    ordinary,
    run: async (context) => {
      const cast = await castOf(context)
      const [one, other] = sides(cast, context.random)
      await whileCut(context, one, other, async () => {
        context.did(`${placesOf(one)} | ${placesOf(other)}`)
        // Not until the others have gone on without it: where the gateway is cut off from them, that may be after hold.
        await Promise.all([context.pause(cutMs), untilMissed(context, one, other)])
      })
    },
  }
}

/** Which sentinel hears which: the pairs are cut one by one. */
const partitionSentinels: Fault = {
  name: 'partition-sentinels',
  description: `the sentinels hear neither each other nor the other nodes for ${cutMs / 1000} s; the data goes on`,
  needs: ['network', 'redis'],
  lastsMs: cutMs + 2000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { all } = await castOf(context)
    const { name } = await driver.observe()
    try {
      for (const node of all) {
        const others = all.filter((other) => other > node)
        if (others.length > 0) await driver.cut([node], others, 'sentinels')
      }
      for (const sentinel of all)
        await context.until(`sentinel-${sentinel} misses the others`, 15_000, async () => {
          const answer = await driver.sentinel(sentinel, ['SENTINEL', 'SENTINELS', name])
          const missed = JSON.stringify(answer).match(/"flags","[^"]*(?:s_down|disconnected)/g)?.length ?? 0
          return missed === all.length - 1 || `it misses ${missed} of ${all.length - 1}`
        })
      context.did('sentinels cut off from each other')
      await context.answered(20, cutMs)
      await context.pause(cutMs)
    } finally {
      await driver.healNetwork()
    }
  },
}

/** Its data arrives and nobody hears its sentinels: it must be replaced while it could go on. */
const cutPrimaryFromSentinels: Fault = {
  name: 'cut-primary-from-sentinels',
  description: 'the sentinels of other nodes cannot get to the primary, its replicas and the gateway can',
  needs: ['network'],
  takesNodes: 1,
  lastsMs: cutMs,
  ordinary: false,
  run: async (context) => {
    const { primary, replicas } = await castOf(context)
    const before = await epochOf(context)
    try {
      await context.driver.cut([primary], replicas, 'sentinels')
      context.did(`redis-${primary} (primary) cut off from the sentinels only`)
      await untilLater(context, before, 20_000)
    } finally {
      await context.driver.healNetwork()
    }
  },
}

/** The sentinels hear it well, and it can answer nothing: its own agent has to have it replaced. */
const cutPrimaryFromReplicas: Fault = {
  name: 'cut-primary-from-replicas',
  description: `the replicas cannot get to the primary, the sentinels and the gateway can, for ${cutMs / 1000} s`,
  needs: ['network', 'redis'],
  lastsMs: cutMs + 2000,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary, replicas } = await castOf(context)
    const before = await epochOf(context)
    try {
      await driver.cut([primary], replicas, 'replication')
      await context.until(`redis-${primary} misses its replicas`, 10_000, async () => {
        const heard = attachedReplicas(await infoOf(driver, primary, 'replication'))
        const silent = heard.filter(({ lagSeconds }) => lagSeconds >= 2)
        return silent.length === heard.length || `${heard.length - silent.length} are heard`
      })
      context.did(`redis-${primary} (primary) cut off from its replicas only`)
      await Promise.all([context.pause(cutMs), untilLater(context, before, 20_000)])
    } finally {
      await driver.healNetwork()
    }
  },
}

const refuseSentinels: Fault = {
  name: 'refuse-sentinels',
  description: 'the primary refuses the sentinels’ connections, not those of replicas and gateway',
  needs: ['redis'],
  takesNodes: 1,
  lastsMs: cutMs,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary } = await castOf(context)
    const before = await epochOf(context)
    const user = 'holdfast-sentinel'
    await driver.change(primary, ['ACL', 'SETUSER', user, 'off'], ['ACL', 'SETUSER', user, 'on'])
    try {
      await driver.redis(primary, ['CLIENT', 'KILL', 'USER', user])
      context.did(`redis-${primary} (primary) refuses the sentinels`)
      await untilLater(context, before, 20_000)
    } finally {
      await driver.redis(primary, ['ACL', 'SETUSER', user, 'on']).catch(() => undefined)
    }
  },
}

/** Through the replicas' own login: whatever happens meanwhile, giving it back never lets anybody follow a node that must not be followed. */
const refuseReplicas: Fault = {
  name: 'refuse-replicas',
  description: `the primary refuses its replicas, not the sentinels and the gateway, for ${cutMs / 1000} s`,
  needs: ['redis'],
  lastsMs: cutMs,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary, replicas } = await castOf(context)
    const before = await epochOf(context)
    const restores: (() => Promise<void>)[] = []
    try {
      for (const replica of replicas) {
        restores.push(await setUntilHealed(context, replica, 'masteruser', 'holdfast-nobody'))
        await driver.redis(replica, ['CLIENT', 'KILL', 'TYPE', 'master'])
      }
      await context.until(`redis-${primary} without replicas`, 5000, async () => {
        const attached = (await infoOf(driver, primary, 'replication')).get('connected_slaves')
        return attached === '0' || `${attached ?? '?'} attached`
      })
      context.did(`redis-${primary} (primary) lost its replicas, not the sentinels`)
      await Promise.all([context.pause(cutMs), untilLater(context, before, 20_000)])
    } finally {
      await Promise.all(restores.map((restore) => restore()))
    }
  },
}

/** Until the sentinels of one side have lost the nodes of the other. */
async function untilMissed(
  context: FaultContext,
  one: readonly Place[],
  other: readonly Place[],
): Promise<void> {
  const { driver } = context
  const { name, nodes } = await driver.observe()
  const watcher = other.find((place) => place !== 'gateway')
  const missed = one.filter((place) => place !== 'gateway')
  if (watcher === undefined) throw failed('nobody is on the other side of the cut')
  for (const node of missed)
    await context.until(`sentinel-${watcher} misses sentinel-${node}`, 10_000, async () => {
      const seen = (await driver.sentinel(watcher, ['SENTINEL', 'SENTINELS', name])) as readonly unknown[]
      const host = nodes[node]?.address.split(':')[0] ?? ''
      const entry = seen
        .map((fields) => JSON.stringify(fields))
        .find((text) => text.includes(`"ip","${host}"`))
      return /"flags","[^"]*(?:s_down|disconnected)/.test(entry ?? '') || `it sees ${entry ?? 'nobody'}`
    })
}

async function whileCut(
  context: FaultContext,
  one: readonly Place[],
  other: readonly Place[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await context.driver.cut(one, other)
    await work()
  } finally {
    await context.driver.healNetwork()
  }
}

function placesOf(places: readonly Place[]): string {
  return places.map((place) => (place === 'gateway' ? 'gateway' : `node ${place}`)).join(', ')
}

const probe = 'holdfast-verify-slow'

const slowPrimary: Fault = {
  name: 'slow-primary',
  description: 'everything to and from the primary takes 30 to 150 ms longer, for 4 s',
  needs: ['delay'],
  takesNodes: 1,
  lastsMs: 4000,
  ordinary: false,
  run: async (context) => {
    const { driver, random } = context
    const { primary: node } = await castOf(context)
    const delayMs = between(random, 30, 150)
    try {
      await driver.delay(node, delayMs)
      context.did(`node ${node} (primary): ${delayMs} ms later, each way`)
      const answer = driver.gateway(['SET', probe, '1']).then(() => 'it was answered at once')
      const isSlow = await Promise.race([answer, context.pause(delayMs)])
      await answer
      if (isSlow !== undefined) throw failed(`node ${node} is not slow: ${isSlow}`)
      await context.pause(4000)
    } finally {
      await driver.healNetwork()
      await driver.gateway(['DEL', probe])
    }
  },
}

export const networkFaults: readonly Fault[] = [
  ...partitions.map(partitionFault),
  partitionSentinels,
  cutPrimaryFromSentinels,
  cutPrimaryFromReplicas,
  refuseSentinels,
  refuseReplicas,
  slowPrimary,
]
