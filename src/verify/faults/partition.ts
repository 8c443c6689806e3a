import type { Fault, FaultContext, Place } from './fault.ts'
import { infoOf, masterSeenBy, setUntilHealed } from './redis-words.ts'
import { castOf, epochOf, failed, pick, untilLater, type Cast } from './steps.ts'

/** Long enough for the others to notice, to elect and to go on, and for the primary to wonder; below hold. */
const cutMs = 5000

interface Partition {
  readonly name: string
  readonly description: string
  readonly nodes?: number
  readonly ordinary?: boolean
  /** Two sides that hear nothing of each other. */
  sides(cast: Cast, random: () => number): readonly [readonly Place[], readonly Place[]]
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
      const before = await epochOf(context)
      await whileCut(context, one, other, async () => {
        context.did(`${placesOf(one)} | ${placesOf(other)}`)
        await context.pause(cutMs)
      })
      // Nobody can be asked across the cut: that the others went on without the primary shows afterwards.
      if (one.includes(cast.primary)) await untilLater(context, before, 20_000)
    },
  }
}

const partitionSentinels: Fault = {
  name: 'partition-sentinels',
  description: `cuts the sentinels off from each other, not from the nodes, for ${cutMs / 1000} s`,
  needs: ['network', 'redis'],
  lastsMs: cutMs,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { all, primary } = await castOf(context)
    const { name } = await driver.observe()
    await whileCutApart(context, all, async () => {
      context.did('sentinels cut off from each other')
      await context.until('a sentinel that misses the others', cutMs + 5000, async () => {
        const answer = await driver.sentinel(primary, ['SENTINEL', 'SENTINELS', name])
        return /s_down|disconnected/.test(JSON.stringify(answer)) || 'it sees them all'
      })
      const flags = (await masterSeenBy(driver, primary, name)).get('flags') ?? ''
      if (/s_down/.test(flags)) throw failed('the sentinels lost the primary too, not only each other')
      await context.pause(cutMs)
    })
  },
}

/** The others hear its data, the sentinels do not hear it: they must replace it while it could go on. */
const cutPrimaryFromSentinels: Fault = {
  name: 'cut-primary-from-sentinels',
  description: 'the sentinels cannot get to the primary, its replicas and the gateway can',
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
const cutPrimaryFromReplicas: Fault = {
  name: 'cut-primary-from-replicas',
  description: `the replicas cannot get to the primary, the sentinels and the gateway can, for ${cutMs / 1000} s`,
  needs: ['redis'],
  lastsMs: cutMs,
  ordinary: false,
  run: async (context) => {
    const { driver } = context
    const { primary, replicas } = await castOf(context)
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
      await context.pause(cutMs)
    } finally {
      await Promise.all(restores.map((restore) => restore()))
    }
  },
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

async function whileCutApart(
  context: FaultContext,
  nodes: readonly number[],
  work: () => Promise<void>,
): Promise<void> {
  try {
    for (const node of nodes) {
      const others = nodes.filter((other) => other > node)
      if (others.length > 0) await context.driver.cut([node], others, 'sentinels')
    }
    await work()
  } finally {
    await context.driver.healNetwork()
  }
}

function placesOf(places: readonly Place[]): string {
  return places.map((place) => (place === 'gateway' ? 'gateway' : `node ${place}`)).join(', ')
}

const slowNode: Fault = {
  name: 'slow-node',
  description: 'everything to and from one node takes 30 to 150 ms longer, for 4 s',
  needs: ['delay'],
  takesNodes: 1,
  lastsMs: 4000,
  ordinary: false,
  run: async (context) => {
    const { all, primary } = await castOf(context)
    const node = pick(context.random, all)
    const delayMs = 30 + Math.round(context.random() * 120)
    try {
      await context.driver.delay(node, delayMs)
      const role = node === primary ? 'primary' : 'replica'
      context.did(`node ${node} (${role}): ${delayMs} ms later, each way`)
      await context.pause(4000)
    } finally {
      await context.driver.healNetwork()
    }
  },
}

export const networkFaults: readonly Fault[] = [
  ...partitions.map(partitionFault),
  partitionSentinels,
  cutPrimaryFromSentinels,
  cutPrimaryFromReplicas,
  slowNode,
]
