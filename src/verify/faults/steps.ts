import { HoldfastError } from '../../errors.ts'
import type { FaultContext, FaultDriver } from './fault.ts'

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

export function pidOf(driver: FaultDriver, component: string): number {
  const running = driver.process(component)
  if (running === null) throw failed(`${component} does not run, so nothing could be done to it`)
  return running.pid
}

/** Kills them all at once. @returns once none of these processes is there */
export async function kill(context: FaultContext, components: readonly string[]): Promise<void> {
  const { driver } = context
  const killed = components.map((component) => ({ component, pid: pidOf(driver, component) }))
  await driver.signalAll(components, 'KILL')
  await context.until(`${components.join(', ')} gone`, 5000, () => {
    const left = killed.filter(({ component, pid }) => driver.process(component)?.pid === pid)
    return Promise.resolve(
      left.length === 0 || `${left.map(({ component }) => component).join(', ')} still there`,
    )
  })
}

/** Does something while they are stopped; then those that are still there go on, whatever happened. */
export async function whileStopped(
  context: FaultContext,
  components: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { driver } = context
  const stopped = components.map((component) => ({ component, pid: pidOf(driver, component) }))
  const goOn = () =>
    driver.signalAll(
      stopped
        .filter(({ component, pid }) => driver.process(component)?.pid === pid)
        .map(({ component }) => component),
      'CONT',
    )
  try {
    await driver.signalAll(components, 'STOP')
    await context.until(`${components.join(', ')} stopped`, 2000, () => {
      const awake = components.filter((component) => driver.process(component)?.stopped !== true)
      return Promise.resolve(awake.length === 0 || `${awake.join(', ')} not stopped`)
    })
    await work()
  } finally {
    await goOn()
  }
  const still = components.filter((component) => driver.process(component)?.stopped === true)
  if (still.length > 0) throw failed(`${still.join(', ')} did not go on`)
}

/** Until another process of each runs. @param pids of the former ones, by component */
export async function untilBack(
  context: FaultContext,
  pids: ReadonlyMap<string, number>,
  limitMs: number,
): Promise<void> {
  await context.until(`${[...pids.keys()].join(', ')} started again`, limitMs, () => {
    const missing = [...pids].filter(([component, pid]) => {
      const now = context.driver.process(component)
      return now === null || now.pid === pid
    })
    return Promise.resolve(
      missing.length === 0 || `${missing.map(([component]) => component).join(', ')} not yet`,
    )
  })
}

export function pidsOf(driver: FaultDriver, components: readonly string[]): ReadonlyMap<string, number> {
  return new Map(components.map((component) => [component, pidOf(driver, component)]))
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
  const pids = pidsOf(driver, [agent, `redis-${node}`])
  await whileStopped(context, [agent], async () => {
    await kill(context, [`sentinel-${node}`, `redis-${node}`])
    await meanwhile()
    if (driver.process(agent)?.pid === pids.get(agent)) await kill(context, [agent])
  })
  return pids
}
