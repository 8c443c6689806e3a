import { isMajority, missing, type Majorities } from '../insync/majorities.ts'
import { mayFollow, qualified, type FencedNode } from '../insync/gate.ts'
import {
  compareEpochs,
  compareRecords,
  formatEpoch,
  type Epoch,
  type InSyncRecord,
} from '../insync/record.ts'
import { timing } from '../topology/topology.ts'
import type { AgentState } from './api.ts'
import type { DurableState } from './durable-state.ts'
import type { InspectedRedis } from './redis-link.ts'

/** Everything an agent knows when it decides what to do next. */
export interface Situation {
  readonly me: number
  readonly nodes: number
  readonly majorities: Majorities
  readonly durable: DurableState
  readonly redis: InspectedRedis
  /** By node index; null: did not answer, or oneself. */
  readonly peers: readonly (AgentState | null)[]
  /** `address:port` by node index. */
  readonly addresses: readonly string[]
  /** Since when no primary with a valid reign is in sight, in ms. */
  readonly withoutPrimaryMs: number
  /** Since when somebody reachable has promised an epoch above this node's reign, in ms. */
  readonly outbidMs: number
  /** Since when this primary has had too few followers to answer anything, in ms. */
  readonly aloneMs: number
}

export type Step =
  | { readonly kind: 'rest'; readonly doing: string; readonly problem?: string }
  /** The very first start of a deployment: this node becomes its first primary. */
  | { readonly kind: 'bootstrap' }
  /**
   * Ask for the right to serve. promoted: Sentinel made it a master; renew: its own reign, that others promised
   * beyond; decide: nobody serves, and this node has the most of what was answered.
   */
  | { readonly kind: 'gate'; readonly why: 'promoted' | 'renew' | 'decide' }
  /**
   * The primary `gone` is up and no primary any more (it came back without anybody having seen it die), or can answer
   * nothing (it is this node, and its replicas cannot follow it): has the sentinels, who see nobody down, replace it.
   */
  | { readonly kind: 'elect'; readonly gone: number }
  /** Promoted with nothing to vouch for: no gate would ever let it pass. */
  | { readonly kind: 'stand-down' }
  /** Its volume was emptied, and its promise with it: this is the highest that enough others know of. */
  | { readonly kind: 'recall'; readonly promise: Epoch }
  | {
      readonly kind: 'follow'
      readonly node: number
      readonly epoch: Epoch
      readonly record: InSyncRecord
    }

/** How long nobody may serve before the nodes decide by themselves, with Sentinel's own failover given its time first. */
const patience = {
  allThereMs: 400,
  restartedMs: 3000,
  loadingMs: 60_000,
  /** All redis-servers are up and none is a master: the sentinels see nobody down, and have to be told. */
  nobodyDownMs: 300,
  survivorsMs: 4000,
  outbidMs: 1000,
  /** A replica that lost its link is back within a second or so. From here on Redis itself takes no more writes. */
  aloneMs: timing.minReplicasMaxLagS * 1000,
} as const

/** The agent's healing decision: pure, so that the model can drive it. */
export function nextStep(now: Situation): Step {
  const { redis, me } = now
  if (!redis.up) return rest('waits for redis-server to answer')
  if (redis.loading) return rest('waits for redis-server to load its data')
  const other = highestReign(now.peers)
  const own = validReign(now.durable, redis)
  if (own !== null) {
    if (other !== null && compareEpochs(other.reign, own) > 0) return follow(other)
    if (now.outbidMs > patience.outbidMs) return { kind: 'gate', why: 'renew' }
    if (now.aloneMs > patience.aloneMs && othersCouldGoOn(now)) return { kind: 'elect', gone: me }
    return rest(`serves as the primary of epoch ${formatEpoch(own)}`)
  }
  if (redis.role === 'master') {
    if (other !== null && compareEpochs(other.reign, redis.record?.epoch ?? { number: 0, node: 0 }) > 0)
      return follow(other)
    if (isFounder(now)) return { kind: 'bootstrap' }
    return redis.record === null ? { kind: 'stand-down' } : { kind: 'gate', why: 'promoted' }
  }
  if (other !== null) {
    return now.durable.promiseKnown ? followOrStay(now, other) : recall(now)
  }
  if (redis.linkUp) return rest('replicates; the primary’s agent is silent')
  return withoutPrimary(now, me)
}

/** The epoch that this node serves as primary, if its gate has passed and nothing happened to it since. */
export function validReign(durable: DurableState, redis: InspectedRedis): Epoch | null {
  const { reign } = durable
  if (reign === null || redis.role !== 'master' || redis.runId !== reign.runId || redis.record === null)
    return null
  return compareEpochs(redis.record.epoch, reign.epoch) === 0 ? reign.epoch : null
}

/**
 * Enough members are well and hold the very record that this primary has: one of them passes the gate, and the others can
 * follow it. Those that miss something (they fetch it, or were just away) would only come back to this one.
 */
function othersCouldGoOn({ redis: { record }, peers, me, majorities }: Situation): boolean {
  if (record === null) return false
  const able = peers.filter(
    (peer): peer is AgentState =>
      peer !== null &&
      record.members.includes(peer.node) &&
      peer.intact &&
      !peer.restarted &&
      peer.redis.up &&
      !peer.redis.loading &&
      !peer.redis.syncing &&
      peer.redis.role === 'slave' &&
      peer.redis.record !== null &&
      compareRecords(peer.redis.record, record) === 0,
  )
  return isMajority([me, ...able.map(({ node }) => node)], majorities)
}

interface Reigning {
  readonly node: number
  readonly reign: Epoch
  readonly record: InSyncRecord
}

function highestReign(peers: readonly (AgentState | null)[]): Reigning | null {
  let highest: Reigning | null = null
  for (const peer of peers) {
    if (peer?.reign == null || peer.redis.record === null) continue
    if (highest === null || compareEpochs(peer.reign, highest.reign) > 0) {
      highest = { node: peer.node, reign: peer.reign, record: peer.redis.record }
    }
  }
  return highest
}

function followOrStay(now: Situation, primary: Reigning): Step {
  const { promise } = now.durable
  if (mayFollow(promise, now.redis.record, primary.record)) {
    if (now.redis.follows !== now.addresses[primary.node]) return follow(primary)
    return rest(
      now.redis.linkUp
        ? `replicates redis-${String(primary.node)}`
        : `connects to redis-${String(primary.node)}`,
    )
  }
  const { record } = now.redis
  if (record !== null && compareRecords(record, primary.record) > 0) {
    return rest(
      'stays unattached',
      `its record is newer than that of redis-${String(primary.node)}: following it would drop what was answered`,
    )
  }
  return rest(
    `promised epoch ${formatEpoch(promise)}; redis-${String(primary.node)} serves ${formatEpoch(primary.reign)}`,
  )
}

/**
 * All others, or a majority with their data: whatever gate this node once promised itself to, one of them was fenced for it
 * too, and still knows.
 */
function recall(now: Situation): Step {
  const reachable = now.peers.filter((peer) => peer !== null)
  const whole = reachable.filter((peer) => peer.intact)
  const lacking = missing(indices(whole), now.majorities)
  if (reachable.length < now.nodes - 1 && lacking > 0) {
    return rest(
      'waits',
      `its volume was emptied: before it follows anybody it must hear from ${String(whole.length + lacking)} other nodes with their data; ${String(whole.length)} answer`,
    )
  }
  const highest = reachable
    .map((peer) => peer.promise)
    .toSorted(compareEpochs)
    .at(-1)
  return highest === undefined ? rest('waits') : { kind: 'recall', promise: highest }
}

function withoutPrimary(now: Situation, me: number): Step {
  const reachable = now.peers.filter((peer) => peer !== null)
  const all = reachable.length === now.nodes - 1
  const founder = founderOf(now, reachable)
  if (founder !== null) {
    if (!all) return rest('waits for every node: nothing was ever stored, and all must agree on that')
    return me === founder ? { kind: 'bootstrap' } : rest(`waits for redis-${String(founder)} to begin`)
  }
  const reports = visibleReports(now, reachable)
  const intact = reports.filter((report) => report.intact)
  const lacking = missing(indices(intact), now.majorities)
  if (lacking > 0) {
    const here = new Set(intact.map(({ node }) => node))
    const awaited = now.addresses.flatMap((_, node) => (here.has(node) ? [] : [`redis-${String(node)}`]))
    return rest(`waits for ${String(lacking)} more node(s) with their data, of ${awaited.join(', ')}`)
  }
  if (reachable.some((peer) => peer.redis.loading) && now.withoutPrimaryMs < patience.loadingMs) {
    return rest('waits for others to load their data: one of them may have more')
  }
  const allUp = all && reachable.every((peer) => peer.redis.up)
  const restarted = reports.every((report) => report.restarted)
  const ranked = qualified(intact)
  const best = ranked[0]
  const waitMs = restarted ? (allUp ? patience.allThereMs : patience.restartedMs) : patience.survivorsMs
  if (now.withoutPrimaryMs < waitMs) {
    const gone = best?.record?.epoch.node
    // Of all others: back with its data, the primary has the most itself, and no sentinel would choose it.
    const isMine = ranked.find((report) => report.node !== gone)?.node === me
    const nobodyIsDown = !restarted && allUp && reachable.every((peer) => peer.redis.role === 'slave')
    return isMine && gone !== undefined && nobodyIsDown && now.withoutPrimaryMs >= patience.nobodyDownMs
      ? { kind: 'elect', gone }
      : rest('gives the sentinels time to fail over')
  }
  if (best === undefined) return rest('waits for a node that has everything that was answered')
  return best.node === me
    ? { kind: 'gate', why: 'decide' }
    : rest(`leaves it to redis-${String(best.node)}, which has the most`)
}

/** Promoted in the middle of an interrupted first start: no gate would ever count the others, who have nothing. */
function isFounder(now: Situation): boolean {
  const reachable = now.peers.filter((peer) => peer !== null)
  return reachable.length === now.nodes - 1 && founderOf(now, reachable) === now.me
}

/**
 * Who may begin the deployment: redis-0 when nobody ever had anything; and while a first start has not given enough others
 * anything, the one that began it, since it has all there is. Null: the deployment is past that.
 */
function founderOf(now: Situation, reachable: readonly AgentState[]): number | null {
  const { durable, redis, me } = now
  const own = { node: me, ...durable, record: redis.record }
  const others = reachable.map((peer) => ({ ...peer, record: peer.redis.record }))
  const holders = [own, ...others].filter(({ record }) => record !== null)
  if (holders.length === 0) return [own, ...others].every(({ virgin }) => virgin) ? 0 : null
  const founder = holders.find(({ founding }) => founding)
  const isPast =
    isMajority(indices(holders.filter(({ intact }) => intact)), now.majorities) ||
    [own, ...others].some(({ virgin, record }) => record === null && !virgin)
  return founder === undefined || isPast ? null : founder.node
}

function indices(some: readonly { readonly node: number }[]): number[] {
  return some.map(({ node }) => node)
}

function visibleReports(now: Situation, reachable: readonly AgentState[]): FencedNode[] {
  const own: FencedNode = {
    node: now.me,
    intact: now.durable.intact,
    restarted: now.durable.syncedRun !== now.redis.runId,
    record: now.redis.record,
  }
  const others = reachable
    .filter((peer) => peer.redis.up && !peer.redis.loading)
    .map((peer) => ({
      node: peer.node,
      intact: peer.intact,
      restarted: peer.restarted,
      record: peer.redis.record,
    }))
  return [own, ...others]
}

function follow(primary: Reigning): Extract<Step, { kind: 'follow' }> {
  return { kind: 'follow', node: primary.node, epoch: primary.reign, record: primary.record }
}

function rest(doing: string, problem?: string): Step {
  return problem === undefined ? { kind: 'rest', doing } : { kind: 'rest', doing, problem }
}
