/** Promotions, gates step by step, following: what Sentinel and the agents do. */
import type { FencedNode } from '../../src/insync/gate.ts'
import { isMajority } from '../../src/insync/majorities.ts'
import { compareEpochs, formatEpoch } from '../../src/insync/record.ts'
import type { Random } from './random.ts'
import { text } from './traffic-moves.ts'
import {
  checkServe,
  nodeAt,
  recordOf,
  reigns,
  responds,
  viewOf,
  writeRecord,
  type Gate,
  type ModelNode,
  type World,
} from './world.ts'

/** Sentinel promotes anybody at any time. */
export function promote(world: World, random: Random): boolean {
  const calm = world.nodes.some(reigns) || world.nodes.filter((each) => each.role === 'master').length > 1
  if (calm && !random.chance([0.05, 0.1, 0.3, 0.8][world.heat] ?? 0)) return false
  const node = random.pick(world.nodes.filter((each) => responds(each) && each.role === 'slave'))
  return node !== undefined && makeMaster(world, node)
}

function makeMaster(world: World, node: ModelNode): boolean {
  if (!responds(node) || node.role === 'master' || node.emptied) return false
  Object.assign(node, { role: 'master' as const, follows: null, linked: false, stream: node.stream + 1 })
  world.trace.push(`${String(node.index)} is promoted`)
  return true
}

/** A promoted node's agent begins a gate: it promises first. It may do so again, or while another's gate runs. */
export function openGate(world: World, random: Random): boolean {
  const node = random.pick(
    world.nodes.filter(
      (each) => responds(each) && each.role === 'master' && (random.chance(0.1) || !reigns(each)),
    ),
  )
  if (node === undefined) return false
  const running = world.gates.filter((gate) => stands(world, gate))
  if (running.length > 1 || running.some((gate) => gate.candidate === node.index)) {
    if (!random.chance(0.05)) return false
  }
  const known = world.nodes.filter((each) => each === node || (responds(each) && random.chance(0.5)))
  const epochs = known.flatMap((each) => [each.promise, recordOf(each)?.epoch ?? each.promise])
  const epoch = world.rules.nextEpoch(node.index, epochs)
  if (!world.rules.grantsPromise(node.promise, epoch)) return false
  const gate: Gate = { candidate: node.index, epoch, run: node.run, reports: new Map() }
  node.promise = epoch
  gate.reports.set(node.index, { report: reportOf(node), head: node.head })
  world.gates.push(gate)
  world.trace.push(`gate ${formatEpoch(epoch)} opens with ${text(recordOf(node))}`)
  return true
}

/** One more node is asked to fence itself. */
export function fence(world: World, random: Random): boolean {
  const gate = random.pick(world.gates)
  const asked = world.nodes.filter(
    (each) => responds(each) && (!gate?.reports.has(each.index) || random.chance(0.05)),
  )
  const node = random.pick(asked)
  if (gate === undefined || node === undefined || node.index === gate.candidate) return false
  if (!world.rules.grantsPromise(node.promise, gate.epoch)) return false
  node.promise = gate.epoch
  leave(node)
  if (world.rules.duties.fencedPrimaryDeposed) node.role = 'slave'
  if (world.rules.duties.fencedFeedsNobody) feedNobody(world, node)
  gate.reports.set(node.index, { report: reportOf(node), head: node.head })
  world.trace.push(
    `${String(node.index)} is fenced for ${formatEpoch(gate.epoch)} with ${text(recordOf(node))}`,
  )
  return true
}

const stands = (world: World, gate: Gate): boolean =>
  compareEpochs(nodeAt(world, gate.candidate).promise, gate.epoch) === 0

function leave(node: ModelNode): void {
  Object.assign(node, { follows: null, linked: false })
}

/** Those attached are cut, and nobody attaches. */
export function feedNobody(world: World, node: ModelNode): void {
  node.feeds = false
  for (const each of world.nodes) if (each.follows === node.index) each.linked = false
}

export function reportOf(node: ModelNode): FencedNode {
  return { node: node.index, intact: node.intact, restarted: node.restarted, record: recordOf(node) }
}

/** The coordinator decides, or goes on later, or dies (its gate stays half done for ever). */
export function concludeGate(world: World, random: Random): boolean {
  const gate = random.pick(world.gates)
  if (gate === undefined) return false
  const over = !stands(world, gate)
  if (random.chance(over ? 0.3 : 0.03)) {
    world.gates.splice(world.gates.indexOf(gate), 1)
    return true
  }
  const node = nodeAt(world, gate.candidate)
  if (!responds(node) || node.role !== 'master' || node.run !== gate.run) return false
  if (over && world.rules.duties.promiseStandsAtServe) return false
  const reports = [...gate.reports.values()].map(({ report }) => report)
  const verdict = world.rules.gateVerdict(gate.candidate, gate.epoch, reports, viewOf(world, node), node.run)
  if (verdict.kind === 'yield' && random.chance(0.7)) {
    world.gates.splice(world.gates.indexOf(gate), 1)
    if (random.chance(0.5)) node.role = 'slave'
    const better = verdict.qualified[0]
    return better !== undefined && makeMaster(world, nodeAt(world, better))
  }
  if (verdict.kind !== 'serve') return false
  checkServe(world, gate, node.head)
  writeRecord(world, node, verdict.record)
  Object.assign(node, { restarted: false, memory: verdict.record, feeds: true })
  world.reigns.push({ epoch: gate.epoch, first: node.head })
  world.gates.splice(world.gates.indexOf(gate), 1)
  world.trace.push(`gate ${formatEpoch(gate.epoch)} passed: ${text(verdict.record)}`)
  for (const member of verdict.record.members) requestFollow(world, node, member)
  return true
}

export function requestFollow(world: World, primary: ModelNode, node: number): void {
  const record = recordOf(primary)
  if (record !== null && node !== primary.index)
    world.followRequests.push({ to: primary.index, node, record })
}

/** Somebody finds a node that does not follow a primary, and asks it to. */
export function seekFollow(world: World, random: Random): boolean {
  const duty = world.rules.duties.followsOnlyReigning
  const primary = random.pick(
    world.nodes.filter((each) => (duty ? reigns(each) : responds(each) && each.role === 'master')),
  )
  if (primary === undefined) return false
  const astray = world.nodes.filter((each) => each.follows !== primary.index || random.chance(0.1))
  const node = random.pick(astray)
  if (node !== undefined) requestFollow(world, primary, node.index)
  return true
}

/** The request arrives, perhaps much later, when that primary is none any more. */
export function follow(world: World, random: Random): boolean {
  const request = random.take(world.followRequests)
  if (request === undefined) return false
  const node = nodeAt(world, request.node)
  if (!responds(node) || (node.follows === request.to && node.linked)) return false
  if (node.blank && world.rules.duties.blankAsksForPromises) return false
  if (!world.rules.mayFollow(node.promise, recordOf(node), request.record)) return false
  node.promise = request.record.epoch
  if (world.rules.duties.fencedFeedsNobody) feedNobody(world, node)
  Object.assign(node, { role: 'slave' as const, follows: request.to, linked: false, blank: false })
  world.trace.push(`${String(node.index)} follows ${String(request.to)}`)
  return true
}

/** A node without its promise takes the highest that a majority of intact others gave: no gate can have passed above it. */
export function learnPromises(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => each.blank && responds(each)))
  const others = world.nodes.filter((each) => each !== node && responds(each) && each.intact && !each.blank)
  if (node === undefined) return false
  const isEnough = (some: readonly ModelNode[]) =>
    isMajority(
      some.map(({ index }) => index),
      viewOf(world, node),
    )
  if (!isEnough(others)) return false
  for (const other of [...others]) {
    const fewer = others.filter((each) => each !== other)
    if (isEnough(fewer) && random.chance(0.5)) others.splice(others.indexOf(other), 1)
  }
  for (const { promise } of others) if (compareEpochs(promise, node.promise) > 0) node.promise = promise
  node.blank = false
  return true
}
