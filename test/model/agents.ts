/** Agents in the model's world: each acts only by what nextStep says of what it saw, which may be old. */
import type { AgentState } from '../../src/agent/api.ts'
import type { DurableState } from '../../src/agent/durable-state.ts'
import { majorityOf } from '../../src/insync/majorities.ts'
import { nextStep, validReign, type Step } from '../../src/agent/next-step.ts'
import { downRedis, type InspectedRedis } from '../../src/agent/redis-link.ts'
import { compareEpochs, compareRecords, formatEpoch, type Epoch } from '../../src/insync/record.ts'
import { feedNobody, fence, reportOf, requestFollow } from './gate-moves.ts'
import type { Random } from './random.ts'
import {
  checkServe,
  nodeAt,
  recordOf,
  responds,
  writeRecord,
  type Gate,
  type ModelNode,
  type World,
} from './world.ts'

/** What an agent knows beside what its node shows. */
export interface Mind {
  reign: DurableState['reign']
  virgin: boolean
  founding: boolean
  /** Founded the deployment with others and was never in sync since: that it holds nothing means that it acknowledged nothing. */
  peers: readonly (AgentState | null)[]
  primarySeenAt: number
  outbidSince: number | null
  /** After a gate that did not pass it looks again a little later. */
  busyUntil: number
}

export interface Town {
  readonly world: World
  readonly minds: readonly Mind[]
  nowMs: number
}

export function createTown(world: World, founded: boolean): Town {
  const minds = world.nodes.map((node): Mind => ({
    reign: founded && node.index === 0 ? { epoch: node.promise, runId: node.run, processId: 0 } : null,
    virgin: !founded,
    founding: false,
    peers: world.nodes.map(() => null),
    primarySeenAt: 0,
    outbidSince: null,
    busyUntil: 0,
  }))
  if (!founded) {
    world.reigns.length = 0
    const nobody = { number: 0, node: 0 }
    for (const node of world.nodes) {
      node.acks.clear()
      Object.assign(node, {
        head: { parent: null, offset: 0, record: null, write: null },
        role: 'slave',
        follows: null,
        linked: false,
        feeds: false,
        memory: null,
      })
      Object.assign(node, { promise: nobody, intact: false, blank: true, restarted: true })
    }
  }
  return { world, minds, nowMs: 0 }
}

export function mindAt(town: Town, index: number): Mind {
  const mind = town.minds[index]
  if (mind === undefined) throw new RangeError(`no agent ${String(index)}`)
  return mind
}

const addressOf = (index: number): string => `node-${String(index)}:6379`

function durableOf(node: ModelNode, mind: Mind): DurableState {
  return {
    promise: node.promise,
    promiseKnown: !node.blank,
    intact: node.intact && !mind.virgin,
    virgin: mind.virgin,
    founding: mind.founding,
    reign: mind.reign,
    syncedRun: node.restarted ? null : node.run,
  }
}

function inspect(node: ModelNode): InspectedRedis {
  if (!responds(node)) return downRedis
  return {
    ...downRedis,
    up: true,
    loading: node.emptied,
    role: node.role,
    follows: node.role === 'master' ? null : addressOf(node.follows ?? -1),
    linkUp: node.linked,
    offset: node.head.offset,
    record: recordOf(node),
    runId: node.run,
  }
}

function stateOf(town: Town, node: ModelNode): AgentState {
  const durable = durableOf(node, mindAt(town, node.index))
  const redis = inspect(node)
  return {
    node: node.index,
    pid: 1,
    promise: durable.promise,
    intact: durable.intact,
    virgin: durable.virgin && redis.record === null,
    founding: durable.founding,
    restarted: node.restarted,
    redis,
    sentinel: { up: true, primarySeen: null, epoch: 0 },
    reign: validReign(durable, redis),
    doing: '',
    stopping: false,
    problems: [],
  }
}

/** Asks the others; each answers unless it is down or `hears` says that the message is lost. */
export function look(town: Town, index: number, hears: () => boolean): void {
  mindAt(town, index).peers = town.world.nodes.map((node) =>
    node.index === index || !node.up || !hears() ? null : stateOf(town, node),
  )
}

/** One beat of an agent. @returns what it did, in words, or null when it is down or busy */
export function beat(town: Town, index: number, random: Random): string | null {
  const { world, nowMs } = town
  const node = nodeAt(world, index)
  const mind = mindAt(town, index)
  if (!node.up || nowMs < mind.busyUntil) return null
  noteWhole(node, mind)
  const redis = inspect(node)
  if (redis.role === 'slave') mind.reign = null
  const reign = validReign(durableOf(node, mind), redis)
  const { peers } = mind
  const copies = peers.filter((peer) => peer?.intact === true && peer.redis.record !== null)
  if (reign !== null && mind.founding && copies.length >= (world.nodes.length - 1) / 2) mind.founding = false
  if (reign !== null || redis.linkUp || peers.some((peer) => peer?.reign != null)) mind.primarySeenAt = nowMs
  const outbid =
    reign !== null && peers.some((peer) => peer !== null && compareEpochs(peer.promise, reign) > 0)
  mind.outbidSince = outbid ? (mind.outbidSince ?? nowMs) : null
  const step = nextStep({
    me: index,
    nodes: world.nodes.length,
    majorities: majorityOf(world.nodes.length),
    durable: durableOf(node, mind),
    redis,
    peers,
    addresses: world.nodes.map((_, at) => addressOf(at)),
    withoutPrimaryMs: nowMs - mind.primarySeenAt,
    outbidMs: mind.outbidSince === null ? 0 : nowMs - mind.outbidSince,
    aloneMs: 0,
  })
  act(town, node, step, random)
  return step.kind === 'rest'
    ? `${String(index)} rests: ${step.problem ?? step.doing}`
    : `${String(index)}: ${step.kind}`
}

function act(town: Town, node: ModelNode, step: Step, random: Random): void {
  if (step.kind === 'gate') openGate(town, node, step.why === 'decide', random)
  else if (step.kind === 'bootstrap') bootstrap(town, node)
  else if (step.kind === 'stand-down') Object.assign(node, { role: 'slave', follows: null, linked: false })
  else if (step.kind === 'follow') {
    obeyFollow(town, node, step.epoch, step)
  } else if (step.kind === 'recall') {
    if (compareEpochs(step.promise, node.promise) > 0) node.promise = step.promise
    node.blank = false
  }
}

function found(town: Town, node: ModelNode): void {
  if (mindAt(town, node.index).virgin && responds(node)) node.blank = false
}

/** Filled for the first time, and its append-only file is written. */
function noteWhole(node: ModelNode, mind: Mind): void {
  if (!mind.virgin || !responds(node) || node.emptied || node.disk !== null || recordOf(node) === null) return
  mind.virgin = false
  node.intact = true
}

function obeyFollow(
  town: Town,
  node: ModelNode,
  epoch: Epoch,
  { record }: Pick<Extract<Step, { kind: 'follow' }>, 'record'>,
): void {
  const { world } = town
  if (!responds(node) || node.emptied || !world.rules.mayFollow(node.promise, recordOf(node), record)) return
  if (compareEpochs(epoch, node.promise) > 0) node.promise = epoch
  feedNobody(world, node)
  mindAt(town, node.index).reign = null
  if (node.follows === epoch.node && node.role === 'slave') return
  Object.assign(node, { role: 'slave', follows: epoch.node, linked: false })
  world.trace.push(`${String(node.index)} follows ${String(epoch.node)}`)
}

/** A request to follow arrives, or is lost. */
export function deliverFollow(town: Town, random: Random): void {
  const request = random.take(town.world.followRequests)
  if (request === undefined) return
  const node = nodeAt(town.world, request.node)

  if (mindAt(town, request.record.epoch.node).founding) found(town, node)
  if (!node.blank) obeyFollow(town, node, request.record.epoch, request)
}

function openGate(town: Town, node: ModelNode, decide: boolean, random: Random): void {
  const { world } = town
  const mind = mindAt(town, node.index)
  mind.busyUntil = town.nowMs + 200 + random.below(400)
  if (decide) Object.assign(node, { follows: null, linked: false })
  if (!responds(node) || (node.role === 'master') === decide || node.emptied) return
  const record = recordOf(node)
  const known = mind.peers.flatMap((peer) =>
    peer === null ? [] : [peer.promise, ...(peer.redis.record === null ? [] : [peer.redis.record.epoch])],
  )
  const own = record === null ? [node.promise] : [node.promise, record.epoch]
  const epoch = world.rules.nextEpoch(node.index, [...own, ...known])
  node.promise = epoch
  const gate: Gate = { candidate: node.index, epoch, run: node.run, reports: new Map() }
  gate.reports.set(node.index, { report: reportOf(node), head: node.head })
  world.gates.push(gate)
  world.trace.push(`${String(node.index)} opens gate ${formatEpoch(epoch)}`)
}

/** One more node is fenced for some gate, or the message is lost. */
export function fenceOne(town: Town, random: Random): void {
  fence(town.world, random)
  for (const { reports } of town.world.gates) {
    for (const [index, { report, head }] of reports) {
      if (mindAt(town, index).virgin) reports.set(index, { report: { ...report, intact: false }, head })
    }
  }
  for (const node of town.world.nodes) if (node.role === 'slave') mindAt(town, node.index).reign = null
}

export function concludeOne(town: Town, random: Random): void {
  const { world } = town
  const gate = random.take(world.gates)
  if (gate === undefined) return
  const node = nodeAt(world, gate.candidate)
  const judged = gate.reports.get(gate.candidate)?.report.record ?? null
  const reports = [...gate.reports.values()].map(({ report }) => report)
  const verdict = world.rules.gateVerdict(
    gate.candidate,
    gate.epoch,
    reports,
    majorityOf(world.nodes.length),
    gate.run,
  )
  world.trace.push(`gate ${formatEpoch(gate.epoch)}: ${verdict.kind}`)
  if (verdict.kind === 'yield') {
    const best = verdict.qualified.find((each) => each !== gate.candidate)
    if (best === undefined || random.chance(0.1)) return
    const other = nodeAt(world, best)
    const reign = validReign(durableOf(other, mindAt(town, best)), inspect(other))
    if (responds(other) && reign === null) openGate(town, other, other.role !== 'master', random)
  }
  if (verdict.kind !== 'serve' || !responds(node) || node.run !== gate.run || node.emptied) return
  if (compareEpochs(node.promise, gate.epoch) !== 0) return
  const held = recordOf(node)
  if (held === null || judged === null ? held !== judged : compareRecords(held, judged) !== 0) return
  checkServe(world, gate, node.head)
  const commits = Math.max(verdict.record.commits, held?.commits ?? 0)
  reign(town, node, { ...verdict.record, commits })
}

function reign(town: Town, node: ModelNode, record: Parameters<typeof writeRecord>[2]): void {
  const { world } = town
  const mind = mindAt(town, node.index)
  writeRecord(world, node, record)
  if (node.role !== 'master') node.stream += 1
  Object.assign(node, { role: 'master', follows: null, linked: false, restarted: false, intact: true })
  Object.assign(node, { blank: false, feeds: true, memory: record })
  mind.reign = { epoch: record.epoch, runId: node.run, processId: 0 }
  mind.virgin = false
  world.reigns.push({ epoch: record.epoch, first: node.head })
  world.trace.push(`${String(node.index)} serves ${formatEpoch(record.epoch)}{${record.members.join()}}`)
  for (const each of world.nodes) requestFollow(world, node, each.index)
}

/** Nobody is fenced one by one here: it goes on only when all are, and are new. */
function bootstrap(town: Town, node: ModelNode): void {
  const { world } = town
  const epoch = world.rules.nextEpoch(
    node.index,
    world.nodes.map((each) => each.promise),
  )
  const others = world.nodes.filter((each) => each !== node)
  const ready = others.every((each) => responds(each) && world.rules.grantsPromise(each.promise, epoch))
  const own = recordOf(node)
  const hasNoMore = (each: ModelNode) => {
    const record = recordOf(each)
    return record === null
      ? mindAt(town, each.index).virgin
      : own !== null && compareRecords(record, own) <= 0
  }
  if (!ready || !others.every(hasNoMore)) return
  for (const each of others) Object.assign(each, { promise: epoch, follows: null, linked: false })
  node.promise = epoch
  const members = others.map((each) => each.index)
  world.versions.clear()
  const commits = own?.commits ?? 0
  mindAt(town, node.index).founding = true
  reign(town, node, { epoch, version: 0, members, commits, run: node.run })
}

/** @returns null when one node serves and all others replicate it; else what is there instead */
export function unsettled(town: Town): string | null {
  const { world } = town
  const states = world.nodes.map((node) => stateOf(town, node))
  const serving = states.filter((state) => state.reign !== null)
  const [primary] = serving
  if (primary === undefined || serving.length > 1) return `${String(serving.length)} nodes serve`
  const astray = world.nodes.filter(
    (node) => node.index !== primary.node && (node.follows !== primary.node || !node.linked || node.emptied),
  )
  return astray.length === 0
    ? null
    : `${astray.map((node) => String(node.index)).join()} do not follow ${String(primary.node)}`
}
