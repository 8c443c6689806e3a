import { setTimeout as delay } from 'node:timers/promises'
import { counts } from '../insync/majorities.ts'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import { majoritiesOf } from '../topology/topology.ts'
import { vouchedRecord, type AgentContext } from './context.ts'
import { obeyFollow } from './fencing.ts'
import type { FileCare } from './file-care.ts'
import { createFollowers } from './followers.ts'
import { forceFailover } from './force-failover.ts'
import { nextStep, validReign, type Step } from './next-step.ts'
import type { InspectedRedis } from './redis-link.ts'
import { createReignKeeper } from './reign.ts'
import { bootstrap, runGate } from './run-gate.ts'
import { hasUnwrittenSync, type NodePaths } from './servers.ts'

export interface Healing {
  /** Looks once, and does what is to be done. */
  beat(): Promise<void>
  /** What it does or waits for, in words. */
  doing(): string
  problem(): string | null
  /** Of the last look. */
  reign(): Epoch | null
  /** Reigns, and was not followed by enough nodes at the last look. */
  alone(): boolean
}

/**
 * The agent's loop: sees, decides (next-step.ts), acts.
 * @param onLook told when it has looked and not yet acted, which may take its time
 */
export function createHealing(
  context: AgentContext,
  paths: NodePaths,
  fileCare: Pick<FileCare, 'look' | 'before'>,
  onLook: () => void,
): Healing {
  const { node, topology, store, redis, log, now } = context
  const keeper = createReignKeeper(context)
  const followers = createFollowers(topology.nodes, topology.f)
  const isCandidate = counts(node.index, majoritiesOf(topology))
  const addresses = topology.nodes.map((each) => `${each.address}:${String(each.redisPort)}`)
  let doing = 'starts'
  let problem: string | null = null
  let lastReign: Epoch | null = null
  let primarySeenAt = now()
  let outbidSince: number | null = null
  let aloneMs = 0

  const noteTimes = (own: InspectedRedis, reign: Epoch | null) => {
    const { peers } = context.seen
    if (reign !== null || own.linkUp || peers.some((peer) => peer?.reign != null)) primarySeenAt = now()
    const outbid =
      reign !== null && peers.some((peer) => peer !== null && compareEpochs(peer.promise, reign) > 0)
    outbidSince = outbid ? (outbidSince ?? now()) : null
    aloneMs = followers.aloneMs(reign, own, now())
  }

  const act = async (step: Step) => {
    problem = step.kind === 'rest' ? (step.problem ?? null) : null
    const text = describe(step)
    if (text !== doing) log.info({ step: step.kind }, text)
    doing = text
    switch (step.kind) {
      case 'rest':
        return
      case 'recall':
        store.promise(step.promise)
        store.set({ promiseKnown: true })
        return
      case 'stand-down':
        await standDown(context)
        return
      case 'elect':
        // Once: the node that is promoted may be this one, and its next beat sees that.
        await forceFailover(context, { gone: step.gone, withinMs: 0 })
        return
      case 'bootstrap':
        await bootstrap(context)
        return
      case 'follow':
        await obeyFollow(context, step)
        return
      case 'gate':
        if (!(await runGate(context, step.why))) await delay(200 + Math.random() * 400)
        return
      default:
        step satisfies never
    }
  }

  /** A replica that has everything, also on disk: it counts, and may be promoted. */
  const settle = async (own: InspectedRedis) => {
    if (!own.up || own.role !== 'slave') return
    if (store.get().reign !== null) await forgetReign(context)
    const primary = context.seen.peers.find(
      (peer) => peer?.reign != null && own.follows === addresses[peer.node],
    )
    const inStep =
      primary?.reign != null &&
      own.linkUp &&
      !own.syncing &&
      own.record !== null &&
      compareEpochs(own.record.epoch, primary.reign) === 0
    const { syncedRun, intact } = store.get()
    if (inStep && (syncedRun !== own.runId || !intact) && !own.rewriting && !hasUnwrittenSync(paths)) {
      store.set({ intact: true, virgin: false, promiseKnown: true, syncedRun: own.runId })
      log.info('in sync')
    }
    await context.priority.natural(
      isCandidate && store.get().syncedRun === own.runId && !own.syncing ? 100 : 0,
      own,
    )
  }

  /** Filled for the first time, and its file is written; its agent only had no time to note it before it died. */
  const noteWhole = (own: InspectedRedis) => {
    if (!store.get().virgin || own.record === null || own.loading || own.syncing || own.rewriting) return
    if (!hasUnwrittenSync(paths)) store.set({ virgin: false, intact: true })
  }

  return {
    beat: async () => {
      const before = fileCare.before()
      const own = await redis.inspect()
      context.seen.redis = own
      await fileCare.look(own, before)
      if (own.record !== null)
        context.seen.record = { runId: own.runId, stream: own.replid, record: own.record }
      noteWhole(own)
      const vouched = { ...own, record: vouchedRecord(context, own) }
      const reign = validReign(store.get(), vouched)
      lastReign = reign
      onLook()
      noteTimes(own, reign)
      const step = nextStep({
        me: node.index,
        nodes: topology.nodes.length,
        majorities: majoritiesOf(topology),
        durable: store.get(),
        redis: vouched,
        peers: context.seen.peers,
        addresses,
        withoutPrimaryMs: now() - primarySeenAt,
        outbidMs: outbidSince === null ? 0 : now() - outbidSince,
        aloneMs,
      })
      await act(step)
      if (step.kind !== 'rest' || context.seen.switching) return
      if (reign !== null) await keeper.keep(reign, own)
      else await settle(own)
    },
    doing: () => doing,
    problem: () => problem,
    reign: () => lastReign,
    alone: () => aloneMs > 0,
  }
}

/** It was the primary and is a replica now: whatever made it one, its reign is over. */
function forgetReign({ exclusively, redis, store }: AgentContext): Promise<void> {
  return exclusively(async () => {
    const own = await redis.inspect()
    if (own.up && own.role === 'slave') store.set({ reign: null })
  })
}

function standDown({ exclusively, redis }: AgentContext): Promise<void> {
  return exclusively(async () => {
    if ((await redis.role()) === 'master') await redis.follow(null)
  })
}

function describe(step: Step): string {
  switch (step.kind) {
    case 'rest':
      return step.doing
    case 'follow':
      return `follows redis-${String(step.node)}`
    case 'recall':
      return 'learns from the others what was promised'
    case 'stand-down':
      return 'steps back: it was promoted with nothing'
    case 'elect':
      return `asks the sentinels to replace redis-${String(step.gone)}, which can be no primary any more`
    case 'bootstrap':
      return 'begins a new deployment'
    case 'gate':
      return `asks for the right to serve (${step.why})`
    default:
      return step satisfies never
  }
}
