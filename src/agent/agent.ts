import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { lastLines } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { createMutex } from '../platform/mutex.ts'
import { majoritiesOf, type NodeTopology, type Topology } from '../topology/topology.ts'
import type { AgentState, FenceReply, FenceRequest, FollowRequest } from './api.ts'
import { vouchedRecord, type AgentContext } from './context.ts'
import { explainDeath } from './damage.ts'
import { createDamagedFiles } from './damaged-files.ts'
import { blankState, openStateStore } from './durable-state.ts'
import { grantFence, obeyFollow } from './fencing.ts'
import { forceFailover, type FailoverOutcome } from './force-failover.ts'
import { createFileCare } from './file-care.ts'
import { createHealing } from './healing.ts'
import { validReign } from './next-step.ts'
import { watchPeers } from './peer-watch.ts'
import { openAgentClient } from './peers.ts'
import { createPriority } from './priority.ts'
import { downRedis, openRedisLink } from './redis-link.ts'
import { runGate } from './run-gate.ts'
import { leadSentinel } from './sentinel-life.ts'
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
  type NodeSecrets,
} from './servers.ts'
import { handOver, switchOver } from './switchover.ts'

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
const alertForMs = 4000
const alertBeatMs = 4
const stopGraceMs = 8000
/** For a file that a full disk may have spoilt: stopped now, the node might not start again. */
const settleMs = 8000
/** Before a dead primary's redis-server is started again, which others do not wait for. */
const askFirstMs = 150
/** Then the sentinels notice by themselves. */
const replaceWithinMs = 3000
/** A look at redis-server that takes longer is answered with the last one. */
const patientForMs = 150

export function startAgent(options: AgentOptions): NodeAgent {
  const { topology, node, stateDir, secrets, log } = options
  const now = () => performance.now()
  const paths = nodePaths(stateDir, node.index)
  const data = join(paths.data, 'appendonlydir')
  mkdirSync(paths.data, { recursive: true, mode: 0o700 })
  const blank = { ...blankState, virgin: !hasData(paths) && !hasSentinelState(paths) }
  const store = openStateStore(paths.state, blank)
  const redis = openRedisLink(topology, node, secrets.internal)
  const sentinels = openSentinels(topology, secrets.internal, node.address)
  const peers = openAgentClient(topology, secrets.internal, node.address)
  let alertUntil = -Infinity
  let stopping = false
  let wake: () => void = () => undefined
  let death: AgentState['problems'][number] | null = null
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
    seen: { peers: topology.nodes.map(() => null), redis: downRedis, record: null, switching: false },
    beAlert: () => {
      alertUntil = now() + alertForMs
      wake()
      peerWatch.hurry()
    },
    onServes: () => {
      sentinelLife.hurry()
    },
  }
  const fileCare = createFileCare({ node: node.name, directory: data, redis, log, now })
  const damagedFiles = createDamagedFiles(context, data)
  const running = runningServers(paths, node.index)
  const redisKeeper = createServerKeeper({
    name: node.name,
    adopted: running.redis,
    log,
    now,
    start: async () => {
      if (death?.code === 'DATA_DAMAGED' && (await damagedFiles.spare())) death = null
      if (store.get().intact && (!hasData(paths) || hasUnwrittenSync(paths))) {
        log.warn(
          'the data is gone, or older than what was acknowledged: it does not count until it is filled again',
        )
        store.set({ intact: false })
      }
      return startRedis(topology, node, paths, secrets)
    },
    onDeath: async (pid) => {
      // Not by the last look: it may have found a closed connection a moment before this.
      if (store.get().reign?.processId === pid) await onPrimaryDeath()
      noteDeath(explainDeath(lastLines(join(paths.logs, `${node.name}.log`), 30), node.name, data))
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
  const healing = createHealing(context, paths, fileCare, () => {
    peerWatch.hurry()
  })
  const sentinelLife = leadSentinel(context, sentinelKeeper, paths, secrets, () => healing.reign())
  const peerWatch = watchPeers(context, () => {
    if (now() < alertUntil) return 'alert'
    const isCalm = healing.reign() === null ? context.seen.redis.linkUp : !healing.alone()
    return isCalm ? 'calm' : 'busy'
  })

  /** Of a file that it could not read an earlier look may have told more. */
  function noteDeath(problem: typeof death): void {
    if (problem?.code !== 'DATA_DAMAGED' || death?.code !== problem.code) death = problem
    if (problem?.code !== 'DATA_DAMAGED') return
    void damagedFiles.explain(problem).then((more) => {
      if (death?.code === more.code) death = more
    })
  }

  /**
   * Resolves when a failover has been asked for, or soon: whatever is written and started before that keeps callers waiting, and
   * this thread is in a sync to a busy disk for 200 ms (seen).
   */
  async function onPrimaryDeath(): Promise<void> {
    const { reign: over } = store.get()
    if (stopping || over === null) return
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<undefined>()
    haveReplaced(onAsked).catch((error: unknown) => {
      log.warn({ why: (error as Error).message }, 'could not ask for a failover')
    })
    await Promise.race([asked, delay(askFirstMs)])
    if (store.get().reign?.runId === over.runId) store.set({ reign: null })
  }

  /** Until somebody serves: a sentinel may accept it and give up. */
  async function haveReplaced(onAsked: (nothing: undefined) => void): Promise<void> {
    const deadline = now() + replaceWithinMs
    let outcome: FailoverOutcome
    do {
      outcome = await forceFailover(context, { gone: node.index, withinMs: deadline - now() })
      onAsked(undefined)
    } while (outcome === 'asked')
  }

  /** What Sentinel does in its next tick or two. The gate comes after it in any case. */
  async function promoteOneself(): Promise<void> {
    const views = await sentinels.views()
    if (!views.some((view) => view.failoverInProgress)) return
    await context.exclusively(async () => {
      if ((await redis.role()) === 'slave') await redis.promote()
    })
    context.beAlert()
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await healing.beat()
      } catch (error) {
        log.warn({ why: (error as Error).message, doing: healing.doing() }, 'a step failed; tries again')
      }
      await pause()
    }
  }

  /** Until the next beat; while alert, until the role changes. */
  async function pause(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    if (now() >= alertUntil) {
      const timer = new AbortController()
      await Promise.race([delay(beatMs, undefined, { signal: timer.signal }).catch(() => undefined), woken])
      timer.abort()
      return
    }
    const until = now() + beatMs
    const { role } = context.seen.redis
    while (now() < until && !stopping) {
      const current = await redis.role()
      if (current !== role && current !== 'unknown') return
      await delay(alertBeatMs)
    }
  }

  /** Quick also while redis-server hangs: others wait for the answer. */
  async function look(): Promise<typeof context.seen.redis> {
    const last = context.seen.redis
    const late = delay(patientForMs).then(() => ({ ...last, up: false }))
    return Promise.race([redis.inspect(), late])
  }

  function problems(): AgentState['problems'] {
    const unattached = healing.problem()
    const suspect = fileCare.problem()
    return [
      ...(death === null || context.seen.redis.up ? [] : [death]),
      ...(context.seen.redis.diskFails
        ? [
            {
              code: 'DISK_FULL',
              message: `${node.name} cannot write its append-only file (${data}).`,
              hint: 'Free disk space (df -h shows it); it goes on by itself.',
            },
          ]
        : []),
      ...(suspect === null || context.seen.redis.diskFails ? [] : [suspect]),
      ...(unattached === null
        ? []
        : [
            {
              code: 'UNATTACHED',
              message: `${node.name}: ${unattached}`,
              hint: `See ./holdfast logs agent-${String(node.index)} for how it came to this.`,
            },
          ]),
    ]
  }

  sentinels.onEvent((event, text) => {
    if (event === '+selected-slave' && text.startsWith(`slave ${node.address}:${String(node.redisPort)} `)) {
      promoteOneself().catch(() => undefined)
    }
    if (/^\+(selected-slave|promoted-slave|failover-state|switch-master|elected-leader|odown)/.test(event)) {
      context.beAlert()
    }
  })
  // It was the primary, and is not running: it died with its agent, and nobody has told the sentinels.
  if (running.redis === null) void onPrimaryDeath()
  redisKeeper.begin()
  if (existsSync(paths.sentinelConf)) sentinelKeeper.begin()
  const finished = run()

  return {
    state: async () => {
      const own = await look()
      const { promise, intact, virgin, founding, syncedRun } = store.get()
      const vouched = { ...own, record: vouchedRecord(context, own) }
      const {
        runId,
        formerReplid: _,
        rewriting: __,
        diskFails: ___,
        processId: ____,
        replicas: _____,
        priority: ______,
        fileBytes: _______,
        rewriteFailed: ________,
        ...shown
      } = vouched
      return {
        node: node.index,
        pid: process.pid,
        promise,
        intact,
        virgin: virgin && vouched.record === null,
        founding,
        stopping,
        restarted: syncedRun !== runId,
        redis: shown,
        sentinel: sentinelLife.seen(),
        majorities: majoritiesOf(topology),
        reign: own.up ? validReign(store.get(), vouched) : null,
        doing: healing.doing(),
        problems: problems(),
      }
    },
    fence: (request) => grantFence(context, request),
    follow: (request) => obeyFollow(context, request),
    decide: async () => {
      const own = await redis.inspect()
      if (validReign(store.get(), { ...own, record: vouchedRecord(context, own) }) !== null) return true
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
      if (healing.reign() !== null) await switchOver(context, secrets.internal, undefined)
      await fileCare.settle(settleMs)
      await redisKeeper.restart(stopGraceMs)
    },
    stop: async (servers) => {
      stopping = true
      wake()
      if (servers) await handOver(context, secrets.internal, healing.reign() !== null)
      peerWatch.stop()
      sentinelLife.stop()
      if (servers) {
        await sentinelKeeper.stop(stopGraceMs)
        await fileCare.settle(settleMs)
        await redisKeeper.stop(stopGraceMs)
      }
      await finished
      redis.close()
      sentinels.close()
      peers.close()
    },
  }
}
