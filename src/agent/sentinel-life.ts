import { setTimeout as delay } from 'node:timers/promises'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import type { AgentState } from './api.ts'
import type { AgentContext } from './context.ts'
import { createSentinelCare, hearEpochs } from './sentinel-care.ts'
import type { ServerKeeper } from './server-keeper.ts'
import { hasSentinelState, writeSentinelConf, type NodePaths, type NodeSecrets } from './servers.ts'

const everyMs = 1000

export interface SentinelLife {
  seen(): AgentState['sentinel']
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
  let stopped = false
  const isStopped = () => stopped
  let quickenedPid: number | null = null
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
    if (ownReign() !== null) await care.agree(views)
  }

  /** A sentinel without state: it begins with the primary that serves now, and with epochs in which it cannot vote twice. */
  const prepare = async () => {
    const reigns = context.seen.peers.flatMap((peer) => (peer?.reign == null ? [] : [peer.reign]))
    const highest = ownReign() ?? reigns.toSorted(compareEpochs).at(-1)
    const primary = highest === undefined ? undefined : topology.nodes[highest.node]
    if (highest === undefined || primary === undefined) return
    const others = context.seen.peers.filter((_, index) => index !== node.index)
    const blankOthers = others.filter((peer) => peer?.sentinel.blank === true).length
    const heard =
      highest.number === 1
        ? { current: 0, config: 0 }
        : await hearEpochs(context, primary, secrets.internal, blankOthers)
    if (heard === null) {
      log.warn('sentinel: waits for a majority of the others, to learn their epochs')
      return
    }
    const epochs = { current: heard.current, leader: heard.current, config: heard.config }
    writeSentinelConf(topology, node, paths, secrets, primary, epochs)
    keeper.begin()
  }

  const loop = async () => {
    while (!isStopped()) {
      await look().catch((error: unknown) => {
        log.debug({ why: (error as Error).message }, 'could not look after the sentinel')
      })
      for (let waitedMs = 0; waitedMs < everyMs && !isStopped(); waitedMs += 50) await delay(50)
    }
  }
  void loop()
  return {
    seen: () => ({ ...seen, blank: !hasSentinelState(paths) }),
    stop: () => {
      stopped = true
    },
  }
}
