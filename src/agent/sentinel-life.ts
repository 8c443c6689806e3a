import { setTimeout as delay } from 'node:timers/promises'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import { timing } from '../topology/topology.ts'
import type { AgentState } from './api.ts'
import type { AgentContext } from './context.ts'
import { createSentinelCare, hearEpochs } from './sentinel-care.ts'
import type { SentinelView } from './sentinels.ts'
import type { ServerKeeper } from './server-keeper.ts'
import {
  hasSentinelState,
  sentinelEpoch,
  writeSentinelConf,
  type NodePaths,
  type NodeSecrets,
} from './servers.ts'

const everyMs = 1000
/** After a gate has passed: by then the sentinels know, or have to be told. */
const hurried = { everyMs: 100, forMs: 1000 } as const
/** A failover or a start is over well within this. */
const strangerMs = 3000
const stopGraceMs = 3000

export interface SentinelLife {
  seen(): AgentState['sentinel']
  /** To be told when this node begins to serve: looks often for a moment. */
  hurry(): void
  stop(): void
}

/** Keeps this node's sentinel running, quick, and in agreement; in a loop of its own, because others may hang. */
export function leadSentinel(
  context: AgentContext,
  keeper: ServerKeeper,
  paths: NodePaths,
  secrets: NodeSecrets,
  ownReign: () => Epoch | null,
): SentinelLife {
  const { topology, node, sentinels, log } = context
  const care = createSentinelCare(context)
  const stopped = new AbortController()
  const { signal } = stopped
  let quickenedPid: number | null = null
  let strangerSince: number | null = null
  let hurryUntil = -Infinity
  let wake: () => void = () => undefined
  let seen: AgentState['sentinel'] = { up: false, primarySeen: null, epoch: 0 }

  const look = async () => {
    if (hasSentinelState(paths)) keeper.begin()
    else await prepare()
    const views = await sentinels.views()
    const own = views[node.index]
    const primary = own === undefined || own.primary === null ? undefined : topology.nodes[own.primary]
    seen = { up: own?.up === true, primarySeen: primary?.name ?? null, epoch: own?.configEpoch ?? 0 }
    const pid = keeper.pid()
    if (own?.up === true && pid !== null && pid !== quickenedPid) {
      await sentinels.quicken(node.index)
      quickenedPid = pid
    }
    // Who is told by hand whom to watch forgets all that was set for the one before, also the password: it sees nothing.
    const isOurs = own?.downAfterMs === timing.downAfterMs
    if (own?.up !== true || (primary !== undefined && isOurs)) strangerSince = null
    else strangerSince ??= context.now()
    if (strangerSince !== null && context.now() - strangerSince > strangerMs) await turnBack()
    await forgetTheGone(views)
    if (ownReign() !== null) await care.agree(views)
  }

  const forgetTheGone = async (views: readonly SentinelView[]) => {
    for (const index of mayForget(views)) {
      const gone = await sentinels.goneKnownBy(index)
      if (gone.length === 0) continue
      // The first one's turn: the next one's is when all are found again.
      if (index !== node.index) return
      log.info({ gone }, 'the sentinel knows others that are gone: it forgets them')
      await sentinels.forget(index)
      return
    }
  }

  const reigning = () => {
    const reigns = context.seen.peers.flatMap((peer) => (peer?.reign == null ? [] : [peer.reign]))
    const highest = ownReign() ?? reigns.toSorted(compareEpochs).at(-1)
    const primary = highest === undefined ? undefined : topology.nodes[highest.node]
    return highest === undefined || primary === undefined ? null : { epoch: highest, primary }
  }

  /**
   * It watches an address that no node has, and hears of no other, or not in the way that we set. It goes on with the primary that serves, in the epoch
   * that it has, as one that has voted there: it never votes twice.
   */
  const turnBack = async () => {
    const now = reigning()
    if (now === null) return
    log.warn(
      { primary: now.primary.name },
      'the sentinel watched an address of nobody, or as a stranger: started anew',
    )
    await keeper.stop(stopGraceMs)
    const current = sentinelEpoch(paths)
    writeSentinelConf(topology, node, paths, secrets, now.primary, { current, leader: current, config: 0 })
    keeper.begin()
    strangerSince = null
  }

  /** A sentinel without state: it begins with the primary that serves now, and with epochs in which it cannot vote twice. */
  const prepare = async () => {
    const now = reigning()
    if (now === null) return
    const others = context.seen.peers.filter((_, index) => index !== node.index)
    const blankOthers = others.filter((peer) => peer?.sentinel.blank === true).length
    const heard =
      now.epoch.number === 1
        ? { current: 0, config: 0 }
        : await hearEpochs(context, now.primary, secrets.internal, blankOthers)
    if (heard === null) {
      log.warn('sentinel: waits for a majority of the others, to learn their epochs')
      return
    }
    const epochs = { current: heard.current, leader: heard.current, config: heard.config }
    writeSentinelConf(topology, node, paths, secrets, now.primary, epochs)
    keeper.begin()
  }

  const loop = async () => {
    while (!signal.aborted) {
      await look().catch((error: unknown) => {
        log.debug({ why: (error as Error).message }, 'could not look after the sentinel')
      })
      const woken = new AbortController()
      wake = () => {
        woken.abort()
      }
      const waitMs = context.now() < hurryUntil ? hurried.everyMs : everyMs
      await delay(waitMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(
        () => undefined,
      )
    }
  }
  void loop()
  return {
    seen: () => ({ ...seen, blank: !hasSentinelState(paths) }),
    hurry: () => {
      hurryUntil = context.now() + hurried.forMs
      wake()
    },
    stop: () => {
      stopped.abort()
    },
  }
}

/**
 * Whose turn it may be to forget others: a sentinel counts those that it once knew among the ones of which a majority is needed,
 * also when they were removed. One after the other, and never while something happens: for a moment it knows nobody.
 * @returns sentinels that know more than there are, in order; none while not all is calm
 */
export function mayForget(views: readonly SentinelView[]): readonly number[] {
  const others = views.length - 1
  const isCalm = views.every(
    (view) =>
      view.up &&
      view.primary !== null &&
      view.primary === views[0]?.primary &&
      !view.failoverInProgress &&
      !view.tilt &&
      view.others >= others,
  )
  return isCalm ? views.filter((view) => view.others > others).map(({ index }) => index) : []
}
