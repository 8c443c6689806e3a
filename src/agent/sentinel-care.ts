import { setTimeout as delay } from 'node:timers/promises'
import type { NodeTopology } from '../topology/topology.ts'
import { otherNodes, type AgentContext } from './context.ts'
import { validReign } from './next-step.ts'
import { controlConnection } from './redis-link.ts'
import type { SentinelView } from './sentinels.ts'

/** Failovers of our own making end well within this; before it, disagreement is no defect. */
const disagreementMs = 1500
const stepEveryMs = 6000
/** A sentinel that found no good replica may find one at its next look at them. */
const refusedMs = 1000

export interface SentinelCare {
  /** On the primary: brings sentinels that name somebody else to name it, through a failover of their own. */
  agree(views: readonly SentinelView[]): Promise<void>
}

/** Whom a sentinel that names another primary than this node may come to name by itself, when nobody does anything. */
export type Prospect = 'this node' | 'another' | 'undecided'

/**
 * The states that Sentinel never leaves by itself: it names a node that is itself a replica, or equal epochs with
 * different addresses; or it promotes a node that the gate turned away, until its time is up, and tries again. The way out is
 * Sentinel's own failover with only this node eligible: it changes nothing on a node that serves already, and gives all
 * sentinels one newer epoch.
 */
export function createSentinelCare(context: AgentContext): SentinelCare {
  const { node, topology, sentinels, peers, log, now } = context
  let disagreesSince: number | null = null
  let lastStep = -Infinity

  const prospectOf = async (view: SentinelView): Promise<Prospect> => {
    if (!view.failoverInProgress) return 'another'
    const promoted = await sentinels.promotedBy(view.index).catch(() => null)
    return promoted === null ? 'undecided' : promoted === node.index ? 'this node' : 'another'
  }

  return {
    agree: async (views) => {
      const up = views.filter((view) => view.up)
      const wrong = up.filter((view) => view.primary !== node.index)
      const waitMs =
        wrong.length === 0 ? null : patienceMs(await Promise.all(wrong.map(prospectOf)), up.length)
      if (waitMs === null) {
        disagreesSince = null
        return
      }
      disagreesSince ??= now()
      if (now() - disagreesSince < waitMs || now() - lastStep < stepEveryMs) return
      const through = wrong.find((view) => !view.tilt && !view.failoverInProgress)
      if (through === undefined || up.length < topology.quorum || !(await isFollowed(context))) return
      lastStep = now()
      await Promise.all(
        otherNodes(context).map((other) => peers.priority(other.index, 0, 3000).catch(() => undefined)),
      )
      await waitForPriorities(context, through.index, node.index)
      const refused = await sentinels.forceFailover(through.index)
      if (refused !== null) lastStep = now() - stepEveryMs + refusedMs
      log.warn(
        { sentinel: through.index, refused, named: through.primary },
        'sentinels named another primary: told them',
      )
    },
  }
}

/**
 * How long sentinels may go on naming another primary, of which these are those that do, by what is to be expected of them. Null: a
 * failover is under way that may name this node. At once when none ever will: the gate let this node through by itself, or turned away whom they promote.
 */
export function patienceMs(wrong: readonly Prospect[], up: number): number | null {
  if (wrong.some((prospect) => prospect !== 'another')) return null
  return wrong.length === up ? 0 : disagreementMs
}

/** Whether f others follow this node now: one that just woke up as the primary that it was must not tell sentinels anything. */
async function isFollowed({ redis, store, topology }: AgentContext): Promise<boolean> {
  const own = await redis.inspect()
  return (
    validReign(store.get(), own) !== null && own.replicas.filter(({ online }) => online).length >= topology.f
  )
}

/** Until a sentinel knows that no other node than `only` may be promoted; gives up after a second. @returns whether it does */
export async function waitForPriorities(
  context: AgentContext,
  sentinel: number,
  only: number,
): Promise<boolean> {
  const deadline = context.now() + 1000
  for (;;) {
    const seen = await context.sentinels.prioritiesSeenBy(sentinel).catch(() => new Map<number, number>())
    const settled = [...seen].every(
      ([index, value]) => index === only || index === context.node.index || value === 0,
    )
    if (seen.size > 0 && settled && (only === context.node.index || (seen.get(only) ?? 0) > 0)) return true
    if (context.now() > deadline) return false
    await delay(10)
  }
}

/**
 * What the other sentinels' epochs are, from what they publish on the primary: a sentinel that lost its state must not
 * vote a second time in an epoch it voted in already.
 * Message: ip,port,runid,current_epoch,name,ip,port,config_epoch (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/)
 * @param blank how many others have no state themselves: on a first start it is all, and nobody would ever begin
 * @returns null unless a majority of all sentinels, or every other one that has a state, was heard within the time
 */
export async function hearEpochs(
  context: AgentContext,
  primary: NodeTopology,
  internalSecret: string,
  blank: number,
  withinMs = 3000,
): Promise<{ current: number; config: number } | null> {
  const connection = controlConnection({
    host: primary.address,
    port: primary.redisPort,
    internalSecret,
    from: context.node.address,
  })
  const heard = new Map<string, { current: number; config: number }>()
  const others = context.topology.nodes.length - 1
  const isEnough = () => heard.size >= context.topology.quorum || heard.size + blank >= others
  try {
    const deadline = context.now() + withinMs
    connection.on('message', (_channel: string, message: string) => {
      const parts = message.split(',')
      heard.set(parts[2] ?? '', { current: Number(parts[3]), config: Number(parts[7]) })
    })
    while (connection.status !== 'ready' && context.now() < deadline) await delay(20)
    await connection.subscribe('__sentinel__:hello')
    while (!isEnough() && context.now() < deadline) await delay(20)
  } catch {
    return null
  } finally {
    connection.disconnect()
  }
  if (!isEnough()) return null
  const all = [...heard.values()]
  return {
    current: Math.max(0, ...all.map((epochs) => epochs.current)),
    config: Math.max(0, ...all.map((epochs) => epochs.config)),
  }
}
