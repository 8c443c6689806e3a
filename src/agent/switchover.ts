import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'
import { controlChannel, formatEpoch, type ControlMessage } from '../insync/record.ts'
import type { NodeTopology } from '../topology/topology.ts'
import { otherNodes, type AgentContext } from './context.ts'
import { validReign } from './next-step.ts'
import { controlConnection, type InspectedRedis } from './redis-link.ts'
import { waitForPriorities } from './sentinel-care.ts'

/** Shorter than down-after, and never renewed: a paused primary cannot publish, and the sentinels would fail over by themselves. */
const pauseMs = 1200
const holdForMs = 2500
const heldWithinMs = 600
/** What only the moment stands against is tried again. */
const attempts = 4
/** In a stop of everything each agent is told within this. */
const allStopMs = 300

/**
 * Hands the primary over to another node without losing or refusing anything: gateways hold, writes pause, the target
 * has everything, the sentinels promote it and its gate passes.
 * @param to node index; undefined: the in-sync replica with the highest offset
 * @returns the new primary. Throws SWITCHOVER_FAILED or BUSY with what it found; then this node goes on serving.
 */
export async function switchOver(
  context: AgentContext,
  internalSecret: string,
  to: number | undefined,
): Promise<NodeTopology> {
  const { seen, log } = context
  if (seen.switching)
    throw failed('a switchover is under way already', 'See ./holdfast status in a few seconds.')
  seen.switching = true
  try {
    for (let left = attempts - 1; ; left -= 1) {
      const target = await chooseTarget(context, to)
      try {
        await attempt(context, internalSecret, target)
        return target
      } catch (error) {
        if (await serves(context, target)) return target
        if (left === 0 || !(error instanceof HoldfastError) || error.code !== 'BUSY') throw error
        log.warn({ why: error.message }, 'tries the switchover again')
        await delay(500)
        if (await serves(context, target)) return target
      }
    }
  } finally {
    seen.switching = false
  }
}

/**
 * A node that is asked to stop hands over first, unless the whole deployment stops. Never throws, and takes seconds at
 * most: who does not succeed stops all the same, and the sentinels notice.
 */
export async function handOver(
  context: AgentContext,
  internalSecret: string,
  serves: boolean,
): Promise<void> {
  const { peers, log } = context
  if (!serves) return
  await delay(allStopMs)
  const states = await Promise.all(
    otherNodes(context).map((other) => peers.state(other.index).catch(() => null)),
  )
  if (states.every((state) => state === null || state.stopping)) return
  await switchOver(context, internalSecret, undefined).catch((error: unknown) => {
    log.warn({ why: (error as Error).message }, 'stops without having handed over')
  })
}

async function serves({ peers }: AgentContext, target: NodeTopology): Promise<boolean> {
  const state = await peers.state(target.index).catch(() => null)
  return state?.reign != null
}

async function attempt(context: AgentContext, internalSecret: string, target: NodeTopology): Promise<void> {
  const { redis, sentinels, topology, node, peers, log, now } = context
  const started = now()
  const views = await sentinels.views()
  const sentinel = await readySentinel(context, views)
  await Promise.all(
    otherNodes(context).map((other) =>
      peers.priority(other.index, other === target ? 100 : 0, holdForMs + 1500).catch(() => undefined),
    ),
  )
  try {
    if (!(await waitForPriorities(context, sentinel, target.index))) {
      throw busy('the sentinels did not take note of whom to promote', 'Try again in a few seconds.')
    }
    const hold = await holdGateways(context, internalSecret)
    try {
      await redis.pauseWrites(pauseMs)
      await waitUntilHasAll(context, target)
      await peers.alert(target.index)
      const refused = await sentinels.forceFailover(sentinel)
      if (refused !== null)
        throw busy(`sentinel-${String(sentinel)} refused: ${refused}`, 'Try again in a few seconds.')
      await waitUntilServes(context, target)
      log.info({ to: target.name, ms: Math.round(now() - started) }, 'switched over')
    } catch (error) {
      await abandon(context, hold)
      throw error
    } finally {
      await redis.unpause().catch(() => undefined)
    }
  } finally {
    await Promise.all(
      otherNodes(context).map((other) => peers.priority(other.index, 100, 0).catch(() => undefined)),
    )
    log.debug({ nodes: topology.nodes.length, self: node.name }, 'priorities are natural again')
  }
}

async function chooseTarget(context: AgentContext, to: number | undefined): Promise<NodeTopology> {
  const { topology, node, redis: link, store } = context
  const redis = await link.inspect()
  const reign = validReign(store.get(), redis)
  if (reign === null || redis.record === null) {
    throw failed(`${node.name} is not the primary`, 'See ./holdfast status for who is.')
  }
  if (to === node.index) throw failed(`${node.name} is the primary already`, 'Name another node with --to.')
  const inSync = redis.record.members
  const candidates = topology.nodes.filter((candidate) => inSync.includes(candidate.index))
  const wanted = to === undefined ? undefined : topology.nodes[to]
  if (to !== undefined && (wanted === undefined || !candidates.includes(wanted))) {
    throw failed(
      `redis-${String(to)} is not in sync in epoch ${formatEpoch(reign)}`,
      `In sync are: ${candidates.map((candidate) => candidate.name).join(', ') || 'none'}.`,
    )
  }
  const target = wanted ?? candidates.toSorted((a, b) => offsetOf(redis, b) - offsetOf(redis, a))[0]
  if (target === undefined)
    throw failed('no replica is in sync', 'Wait until ./holdfast status shows one, then try again.')
  const state = await context.peers.state(target.index).catch(() => null)
  if (state?.redis.linkUp !== true || state.restarted) {
    throw busy(`${target.name} is not ready to take over`, 'Wait until ./holdfast status shows it in sync.')
  }
  return target
}

async function readySentinel(
  context: AgentContext,
  views: Awaited<ReturnType<AgentContext['sentinels']['views']>>,
): Promise<number> {
  const { topology, node } = context
  const named = views.filter((view) => view.up && view.primary === node.index && !view.tilt)
  if (named.length < topology.quorum || views.some((view) => view.failoverInProgress)) {
    throw busy(
      `${String(named.length)} of ${String(topology.nodes.length)} sentinels are ready and name ${node.name}; ${String(topology.quorum)} are needed`,
      'See ./holdfast status; sentinels that came back need a few seconds.',
    )
  }
  const own = named.find((view) => view.index === node.index) ?? named[0]
  return Promise.resolve(own?.index ?? node.index)
}

interface Hold {
  readonly id: string
}

/** Asks every gateway to hold, and waits until all that listen have nothing in flight, or for the time allowed. */
async function holdGateways(context: AgentContext, internalSecret: string): Promise<Hold> {
  const { node, redis, log } = context
  const id = randomUUID()
  const listener = controlConnection({
    host: node.address,
    port: node.redisPort,
    internalSecret,
    from: node.address,
  })
  const held = new Set<string>()
  try {
    listener.on('message', (_channel: string, text: string) => {
      const message = JSON.parse(text) as ControlMessage
      if (message.type === 'held' && message.id === id) held.add(message.gateway)
    })
    const connectBy = context.now() + 500
    while (listener.status !== 'ready' && context.now() < connectBy) await delay(5)
    await listener.subscribe(controlChannel)
    const heard = await redis.publish(controlChannel, message({ type: 'hold', id, forMs: holdForMs }))
    const gateways = heard - 1
    const deadline = context.now() + heldWithinMs
    while (held.size < gateways && context.now() < deadline) await delay(2)
    if (held.size < gateways) {
      await redis.publish(controlChannel, message({ type: 'release', id }))
      log.warn({ gateways, held: held.size }, 'not every gateway holds')
      throw busy('a gateway still has commands in flight', 'Try again in a few seconds.')
    }
  } finally {
    listener.disconnect()
  }
  return { id }
}

/** Writes are paused: what the primary has now is all there is. */
async function waitUntilHasAll(context: AgentContext, target: NodeTopology): Promise<void> {
  const { offset, up } = await context.redis.inspect()
  const deadline = context.now() + 400
  for (;;) {
    const state = await context.peers.state(target.index).catch(() => null)
    if (up && state !== null && state.redis.linkUp && state.redis.offset >= offset) return
    if (context.now() > deadline) {
      throw busy(`${target.name} did not catch up`, 'Try again when there is less to replicate.')
    }
    await delay(2)
  }
}

/** Until its gate has passed; at once when Sentinel gave the failover up before promoting it. */
async function waitUntilServes(context: AgentContext, target: NodeTopology): Promise<void> {
  const { now, peers, sentinels } = context
  const started = now()
  let idleLooks = 0
  for (;;) {
    const state = await peers.state(target.index).catch(() => null)
    if (state?.reign != null) return
    const views = await sentinels.views()
    idleLooks =
      views.some((view) => view.failoverInProgress) || state?.redis.role !== 'slave' ? 0 : idleLooks + 1
    if (idleLooks > 20 || now() - started > holdForMs) {
      throw busy(
        `the sentinels did not promote ${target.name}`,
        'Try again in a few seconds; ./holdfast logs says why.',
      )
    }
    await delay(10)
  }
}

/** Nobody was promoted: let the gateways go on here. If somebody was, the gate decides and they follow it by themselves. */
async function abandon(context: AgentContext, hold: Hold): Promise<void> {
  const { redis, log } = context
  log.warn('switchover abandoned')
  await redis.unpause().catch(() => undefined)
  await redis.publish(controlChannel, message({ type: 'release', id: hold.id })).catch(() => undefined)
}

function offsetOf(redis: InspectedRedis, target: NodeTopology): number {
  const replica = redis.replicas.find(
    (candidate) =>
      candidate.address === target.address && candidate.port === target.redisPort && candidate.online,
  )
  return replica?.offset ?? -1
}

function message(control: ControlMessage): string {
  return JSON.stringify(control)
}

function busy(text: string, hint: string): HoldfastError {
  return new HoldfastError('BUSY', text, { hint })
}

function failed(text: string, hint: string): HoldfastError {
  return new HoldfastError('SWITCHOVER_FAILED', text, { hint })
}
