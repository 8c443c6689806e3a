import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { compareEpochs, type Epoch } from '../insync/record.ts'
import { lastLines } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { createMutex } from '../platform/mutex.ts'
import type { NodeTopology, Topology } from '../topology/topology.ts'
import type { AgentState, FenceReply, FenceRequest, FollowRequest } from './api.ts'
import { askPeers, vouchedRecord, type AgentContext } from './context.ts'
import { explainDeath } from './damage.ts'
import { blankState, openStateStore } from './durable-state.ts'
import { grantFence, obeyFollow } from './fencing.ts'
import { forceFailover } from './force-failover.ts'
import { nextStep, validReign, type Step } from './next-step.ts'
import { openAgentClient } from './peers.ts'
import { createPriority } from './priority.ts'
import { downRedis, openRedisLink, type InspectedRedis } from './redis-link.ts'
import { createReignKeeper } from './reign.ts'
import { bootstrap, runGate } from './run-gate.ts'
import { createSentinelCare, hearEpochs } from './sentinel-care.ts'
import { openSentinels } from './sentinels.ts'
import { createServerKeeper } from './server-keeper.ts'
import {
  hasData,
  hasSentinelState,
  hasUnwrittenSync,
  nodePaths,
  runningServers,
  startRedis,
  startSentinel,
  writeSentinelConf,
  type NodeSecrets,
} from './servers.ts'
import { switchOver } from './switchover.ts'

export interface AgentOptions {
  readonly topology: Topology
  readonly node: NodeTopology
  readonly stateDir: string
  readonly secrets: NodeSecrets
  readonly log: Logger
}

/** The one long-lived role beside each Redis node. What its HTTP interface offers is here. */
export interface NodeAgent {
  state(): Promise<AgentState>
  fence(request: FenceRequest): Promise<FenceReply>
  follow(request: FollowRequest): Promise<{ followed: boolean; why?: string }>
  decide(): Promise<boolean>
  alert(): void
  priority(value: number, forMs: number): Promise<void>
  switchover(to: number | undefined): Promise<{ primary: string }>
  restart(component: 'redis' | 'sentinel'): Promise<void>
  /** @param servers whether redis-server and the sentinel end with it */
  stop(servers: boolean): Promise<void>
}

const beatMs = 200
const calmPeersEveryMs = 1000
const alertForMs = 4000
const alertBeatMs = 4
const stopGraceMs = 8000

export function startAgent(options: AgentOptions): NodeAgent {
  const { topology, node, stateDir, secrets, log } = options
  const now = () => performance.now()
  const paths = nodePaths(stateDir, node.index)
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  const store = openStateStore(paths.state, {
    ...blankState,
    virgin: !hasData(paths) && !hasSentinelState(paths),
  })
  const redis = openRedisLink(topology, node, secrets.internal)
  const sentinels = openSentinels(topology, secrets.internal)
  const peers = openAgentClient(topology, secrets.internal, node.address)
  let alertUntil = -Infinity
  let wake: () => void = () => undefined
  const context: AgentContext = {
    topology,
    node,
    store,
    redis,
    sentinels,
    peers,
    priority: createPriority(redis, now),
    log,
    exclusively: createMutex(),
    now,
    seen: { peers: topology.nodes.map(() => null), redis: downRedis, record: null },
    beAlert: () => {
      alertUntil = now() + alertForMs
      wake()
    },
  }
  const reignKeeper = createReignKeeper(context)
  const sentinelCare = createSentinelCare(context)
  const running = runningServers(paths, node.index)
  let stopping = false
  let doing = 'starts'
  let stepProblem: string | null = null
  let deathProblem: AgentState['problems'][number] | null = null
  let peersSeenAt = -Infinity
  let primarySeenAt = now()
  let outbidSince: number | null = null
  let quickenedPid: number | null = null
  let sentinelSeen: { primarySeen: string | null; epoch: number; up: boolean } = {
    up: false,
    primarySeen: null,
    epoch: 0,
  }
  let careAt = -Infinity
  let preparingSentinel = false

  const redisKeeper = createServerKeeper({
    name: `redis-${String(node.index)}`,
    adopted: running.redis,
    log,
    now,
    start: async () => {
      if (store.get().intact && (!hasData(paths) || hasUnwrittenSync(paths))) {
        log.warn(
          'the data is gone, or older than what was acknowledged: this node does not count until it is filled again',
        )
        store.set({ intact: false })
      }
      return startRedis(topology, node, paths, secrets)
    },
    onDeath: () => {
      deathProblem = explainDeath(
        lastLines(join(paths.logs, `redis-${String(node.index)}.log`), 30),
        `redis-${String(node.index)}`,
        join(paths.data, 'appendonlydir'),
      )
      if (store.get().reign !== null) onPrimaryDeath()
    },
  })
  const sentinelKeeper = createServerKeeper({
    name: `sentinel-${String(node.index)}`,
    adopted: running.sentinel,
    log,
    now,
    start: () => startSentinel(node, paths),
    onDeath: () => undefined,
  })

  function onPrimaryDeath(): void {
    if (stopping) return
    store.set({ reign: null })
    forceFailover(context, 3000).catch((error: unknown) => {
      log.warn({ why: (error as Error).message }, 'could not ask for a failover')
    })
  }

  function promoteOneself(): void {
    context
      .exclusively(async () => {
        if ((await redis.role()) === 'slave') await redis.promote()
      })
      .catch(() => undefined)
      .finally(context.beAlert)
  }

  async function beat(): Promise<void> {
    const own = await redis.inspect()
    context.seen.redis = own
    if (own.record !== null) context.seen.record = { runId: own.runId, record: own.record }
    const calm = own.linkUp || validReign(store.get(), own) !== null
    if (!calm || now() - peersSeenAt > calmPeersEveryMs || now() < alertUntil) {
      context.seen.peers = await askPeers(context)
      peersSeenAt = now()
    }
    const reign = validReign(store.get(), own)
    noteTimes(own, reign)
    const step = nextStep({
      me: node.index,
      nodes: topology.nodes.length,
      f: topology.f,
      durable: store.get(),
      redis: { ...own, record: vouchedRecord(context, own) },
      peers: context.seen.peers,
      addresses: topology.nodes.map((each) => `${each.address}:${String(each.redisPort)}`),
      withoutPrimaryMs: now() - primarySeenAt,
      outbidMs: outbidSince === null ? 0 : now() - outbidSince,
    })
    await act(step)
    if (step.kind === 'rest') {
      if (reign !== null) await reignKeeper.keep(reign, own)
      else await settle(own)
    }
    await careForSentinel(reign)
  }

  function noteTimes(own: InspectedRedis, reign: Epoch | null): void {
    if (own.role === 'slave' && store.get().reign !== null) store.set({ reign: null })
    const { peers: others } = context.seen
    if (reign !== null || own.linkUp || others.some((peer) => peer?.reign != null)) primarySeenAt = now()
    const outbid =
      reign !== null && others.some((peer) => peer !== null && compareEpochs(peer.promise, reign) > 0)
    outbidSince = outbid ? (outbidSince ?? now()) : null
    if (own.up) deathProblem = null
  }

  async function act(step: Step): Promise<void> {
    stepProblem = step.kind === 'rest' ? (step.problem ?? null) : null
    const text =
      step.kind === 'rest'
        ? step.doing
        : step.kind === 'follow'
          ? `follows redis-${String(step.node)}`
          : step.kind
    if (text !== doing) log.info({ step: step.kind }, text)
    doing = text
    if (step.kind === 'recall') {
      store.promise(step.promise)
      store.set({ promiseKnown: true })
    } else if (step.kind === 'bootstrap') await bootstrap(context)
    else if (step.kind === 'follow') await obeyFollow(context, step)
    else if (step.kind === 'gate' && !(await runGate(context, step.why)))
      await delay(200 + Math.random() * 400)
  }

  /** A replica that has everything: it counts again, and may be promoted. */
  async function settle(own: InspectedRedis): Promise<void> {
    if (!own.up || own.role !== 'slave') return
    const primary = context.seen.peers.find(
      (peer) => peer?.reign != null && own.follows === addressOf(peer.node),
    )
    const inStep =
      primary?.reign != null &&
      own.linkUp &&
      !own.syncing &&
      own.record !== null &&
      compareEpochs(own.record.epoch, primary.reign) === 0
    const { syncedRun, intact } = store.get()
    if (inStep && (syncedRun !== own.runId || !intact) && !own.rewriting && !hasUnwrittenSync(paths)) {
      store.set({ intact: true, virgin: false, syncedRun: own.runId })
      log.info('in sync')
    }
    await context.priority.natural(store.get().syncedRun === own.runId && !own.syncing ? 100 : 0, own.runId)
  }

  function addressOf(index: number): string {
    const other = topology.nodes[index]
    return other === undefined ? '' : `${other.address}:${String(other.redisPort)}`
  }

  async function careForSentinel(reign: Epoch | null): Promise<void> {
    if (now() - careAt < 1000) return
    careAt = now()
    if (hasSentinelState(paths)) sentinelKeeper.begin()
    else await prepareSentinel(reign)
    const views = await sentinels.views()
    const own = views[node.index]
    const seen = own === undefined || own.primary === null ? undefined : topology.nodes[own.primary]
    sentinelSeen = { up: own?.up === true, primarySeen: seen?.name ?? null, epoch: own?.configEpoch ?? 0 }
    const pid = sentinelKeeper.pid()
    if (own?.up === true && pid !== null && pid !== quickenedPid) {
      await sentinels.quicken(node.index)
      quickenedPid = pid
    }
    if (reign !== null) await sentinelCare.agree(views)
  }

  /** A sentinel without state: it begins with the primary that serves now, and with epochs in which it cannot vote twice. */
  async function prepareSentinel(reign: Epoch | null): Promise<void> {
    const highest =
      reign ?? highestOf(context.seen.peers.flatMap((peer) => (peer?.reign == null ? [] : [peer.reign])))
    const primary = highest === null ? undefined : topology.nodes[highest.node]
    if (highest === null || primary === undefined || preparingSentinel) return
    preparingSentinel = true
    try {
      const heard =
        highest.number === 1
          ? { current: 0, config: 0 }
          : await hearEpochs(context, primary, secrets.internal)
      if (heard === null) {
        log.warn('sentinel: waits for a majority of the others, to learn their epochs')
        return
      }
      const epochs = { current: heard.current, leader: heard.current, config: heard.config }
      writeSentinelConf(topology, node, paths, secrets, primary, epochs)
      sentinelKeeper.begin()
    } finally {
      preparingSentinel = false
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await beat()
      } catch (error) {
        log.debug({ why: (error as Error).message }, 'a step failed; tries again')
      }
      await pause()
    }
  }

  /** Until the next beat; while alert, until the role changes. */
  async function pause(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    const until = now() + beatMs
    if (now() >= alertUntil) {
      const timer = new AbortController()
      await Promise.race([delay(beatMs, undefined, { signal: timer.signal }).catch(() => undefined), woken])
      timer.abort()
      return
    }
    const { role } = context.seen.redis
    while (now() < until && !stopping) {
      const current = await redis.role()
      if (current !== role && current !== 'unknown') return
      await delay(alertBeatMs)
    }
  }

  sentinels.onEvent((event, text) => {
    // What Sentinel is about to do in its next tick or two; the gate comes after it in any case.
    if (event === '+selected-slave' && text.startsWith(`slave ${node.address}:${String(node.redisPort)} `))
      promoteOneself()
    if (/^\+(selected-slave|promoted-slave|failover-state|switch-master|elected-leader|odown)/.test(event))
      context.beAlert()
  })
  // It was the primary, and is not running: it died with its agent, and nobody has told the sentinels.
  if (running.redis === null && store.get().reign !== null) onPrimaryDeath()
  redisKeeper.begin()
  if (existsSync(paths.sentinelConf)) sentinelKeeper.begin()
  const finished = run()

  return {
    state: async () => {
      const own = await redis.inspect()
      const { promise, intact, virgin, syncedRun } = store.get()
      const { runId, rewriting: _, replicas: __, ...shown } = own
      return {
        node: node.index,
        pid: process.pid,
        promise,
        intact,
        virgin,
        restarted: syncedRun !== runId,
        redis: { ...shown, record: vouchedRecord(context, own) },
        sentinel: sentinelSeen,
        reign: validReign(store.get(), own),
        doing,
        problems: [
          ...(deathProblem === null ? [] : [deathProblem]),
          ...(stepProblem === null
            ? []
            : [
                {
                  code: 'UNATTACHED',
                  message: `${node.name}: ${stepProblem}`,
                  hint: 'See ./holdfast logs for how it came to this.',
                },
              ]),
        ],
      }
    },
    fence: (request) => grantFence(context, request),
    follow: (request) => obeyFollow(context, request),
    decide: async () => {
      const own = await redis.inspect()
      if (validReign(store.get(), own) !== null) return true
      return runGate(context, own.role === 'master' ? 'promoted' : 'decide')
    },
    alert: () => {
      context.beAlert()
    },
    priority: (value, forMs) => context.priority.override(value, forMs),
    switchover: async (to) => ({ primary: (await switchOver(context, secrets.internal, to)).name }),
    restart: async (component) => {
      if (component === 'sentinel') {
        await sentinelKeeper.restart(stopGraceMs)
        return
      }
      if (validReign(store.get(), await redis.inspect()) !== null)
        await switchOver(context, secrets.internal, undefined)
      await redisKeeper.restart(stopGraceMs)
    },
    stop: async (servers) => {
      stopping = true
      wake()
      if (servers) {
        await sentinelKeeper.stop(stopGraceMs)
        await redisKeeper.stop(stopGraceMs)
      }
      await finished
      redis.close()
      sentinels.close()
      peers.close()
    },
  }
}

function highestOf(epochs: readonly Epoch[]): Epoch | null {
  return epochs.toSorted(compareEpochs).at(-1) ?? null
}
