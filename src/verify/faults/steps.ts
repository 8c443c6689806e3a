import { HoldfastError } from '../../errors.ts'
import type { FaultContext, FaultDriver, RunningProcess } from './fault.ts'

/** The parts of one node, in the order in which they depend on each other. */
export function partsOf(node: number): readonly string[] {
  return [`agent-${node}`, `sentinel-${node}`, `redis-${node}`]
}

export interface Cast {
  readonly primary: number
  readonly replicas: readonly number[]
  readonly all: readonly number[]
}

/** Who is what right now, as node indices. */
export async function castOf(context: FaultContext): Promise<Cast> {
  const { primary, replicas } = await context.nodes()
  const cast = { primary: indexOf(primary.name), replicas: replicas.map(({ name }) => indexOf(name)) }
  return { ...cast, all: [cast.primary, ...cast.replicas].toSorted((a, b) => a - b) }
}

export function indexOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1))
}

export function pick<T>(random: () => number, items: readonly T[]): T {
  const picked = items[Math.floor(random() * items.length)]
  if (picked === undefined) throw failed('there is nobody to choose from')
  return picked
}

export function shuffled<T>(random: () => number, items: readonly T[]): T[] {
  const left = [...items]
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T)
}

/** From `least` up to `most`. */
export function between(random: () => number, least: number, most: number): number {
  return Math.round(least + random() * (most - least))
}

/** A fault that could not do what it says. */
export function failed(words: string): HoldfastError {
  return new HoldfastError('INTERNAL', words)
}

async function pidOf(driver: FaultDriver, component: string): Promise<number> {
  const running = await driver.process(component)
  if (running === null) throw failed(`${component} does not run, so nothing could be done to it`)
  return running.pid
}

/** Kills them all at once. @returns once none of these processes is there */
export async function kill(context: FaultContext, components: readonly string[]): Promise<void> {
  const { driver } = context
  const killed = await pidsOf(driver, components)
  await driver.signalAll(components, 'KILL')
  await context.until(`${components.join(', ')} gone`, 5000, async () => {
    const left = await stillThere(driver, killed)
    return left.length === 0 || `${left.join(', ')} still there`
  })
}

/** Does something while they are stopped; then those that are still there go on, whatever happened. */
export async function whileStopped(
  context: FaultContext,
  components: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { driver } = context
  const pids = await pidsOf(driver, components)
  const stopped = async () => {
    const now = await statesOf(driver, components)
    return components.filter((component) => now.get(component)?.stopped === true)
  }
  try {
    await driver.signalAll(components, 'STOP')
    await context.until(`${components.join(', ')} stopped`, 2000, async () => {
      const asleep = await stopped()
      const awake = components.filter((component) => !asleep.includes(component))
      return awake.length === 0 || `${awake.join(', ')} not stopped`
    })
    await work()
  } finally {
    await driver.signalAll(await stillThere(driver, pids), 'CONT')
  }
  const still = await stopped()
  if (still.length > 0) throw failed(`${still.join(', ')} did not go on`)
}

/** Until another process of each runs. @param pids of the former ones, by component */
export async function untilBack(
  context: FaultContext,
  pids: ReadonlyMap<string, number>,
  limitMs: number,
): Promise<void> {
  await context.until(`${[...pids.keys()].join(', ')} started again`, limitMs, async () => {
    const now = await statesOf(context.driver, [...pids.keys()])
    const missing = [...pids].flatMap(([component, pid]) =>
      [undefined, pid].includes(now.get(component)?.pid) ? [component] : [],
    )
    return missing.length === 0 || `${missing.join(', ')} not yet`
  })
}

export async function pidsOf(
  driver: FaultDriver,
  components: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  return new Map(
    await Promise.all(
      components.map(async (component) => [component, await pidOf(driver, component)] as const),
    ),
  )
}

/** Those that are the same processes as before. */
async function stillThere(
  driver: FaultDriver,
  pids: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const now = await statesOf(driver, [...pids.keys()])
  return [...pids].flatMap(([component, pid]) => (now.get(component)?.pid === pid ? [component] : []))
}

async function statesOf(
  driver: FaultDriver,
  components: readonly string[],
): Promise<ReadonlyMap<string, RunningProcess | null>> {
  return new Map(
    await Promise.all(
      components.map(async (component) => [component, await driver.process(component)] as const),
    ),
  )
}

/** Until another node than this one serves. */
export async function untilReplaced(context: FaultContext, primary: number, limitMs: number): Promise<void> {
  await context.until(`another primary than redis-${primary}`, limitMs, async () => {
    const { primary: now } = await context.driver.observe()
    return (now !== null && now !== `redis-${primary}`) || `the primary is ${now ?? 'nobody'}`
  })
}

export async function epochOf({ driver }: FaultContext): Promise<number> {
  return (await driver.observe()).epoch
}

/** Until a failover gave the deployment a later epoch. */
export async function untilLater(context: FaultContext, epoch: number, limitMs: number): Promise<void> {
  await context.until(`an epoch after ${epoch}`, limitMs, async () => {
    const now = await epochOf(context)
    return now > epoch || `the epoch is ${now}`
  })
}

/** Until the node is in the in-sync set, or has left it. */
export async function untilInSync(
  context: FaultContext,
  node: number,
  inSync: boolean,
  limitMs: number,
): Promise<void> {
  const what = `redis-${node} ${inSync ? 'in' : 'out of'} the in-sync set`
  await context.until(what, limitMs, async () => {
    const status = await context.driver.observe()
    const now = status.nodes[node]?.inSync
    return (
      now === inSync || `the primary is ${status.primary ?? 'nobody'}, redis-${node} in sync: ${String(now)}`
    )
  })
}

/**
 * A node dies whole, and nobody starts it again before `meanwhile` is done.
 * @returns the pids of what comes back at once
 */
export async function nodeDies(
  context: FaultContext,
  node: number,
  meanwhile: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const { driver } = context
  const agent = `agent-${node}`
  const pids = await pidsOf(driver, [agent, `redis-${node}`])
  await whileStopped(context, [agent], async () => {
    await kill(context, [`sentinel-${node}`, `redis-${node}`])
    await meanwhile()
    if ((await driver.process(agent))?.pid === pids.get(agent)) await kill(context, [agent])
  })
  return pids
}
