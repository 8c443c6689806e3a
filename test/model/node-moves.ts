/** What happens to Redis nodes: replication, full syncs, hangs, crashes, lost volumes, the agent's restoring of a record. */
import { compareEpochs } from '../../src/insync/record.ts'
import { append, at, holds } from './log.ts'
import type { Random } from './random.ts'
import { text } from './traffic-moves.ts'
import { nodeAt, recordOf, reigns, responds, writeRecord, type ModelNode, type World } from './world.ts'

function followed(world: World, node: ModelNode): ModelNode | null {
  if (node.follows === null || node.role !== 'slave' || !responds(node)) return null
  const primary = nodeAt(world, node.follows)
  return responds(primary) && primary.role === 'master' && primary.feeds && !primary.emptied ? primary : null
}

/** Some of the stream arrives, or a lost link is made anew: partially where possible, else by a full sync. */
export function replicate(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => followed(world, each) !== null))
  const primary = node === undefined ? null : followed(world, node)
  if (node === undefined || primary === null) return false
  if (node.linked) {
    const missing = primary.head.offset - node.head.offset
    const arrived = random.chance(0.5) ? missing : random.below(missing + 1)
    node.head = at(primary.head, node.head.offset + arrived)
    if (random.chance(0.8)) primary.acks.set(node.index, node.head.offset)
  } else if (node.emptied) {
    node.head = primary.head
    Object.assign(node, { linked: true, emptied: false, intact: true, restarted: false })
    world.trace.push(`${String(node.index)} loaded all of ${String(primary.index)}`)
  } else if (node.intact && holds(primary.head, node.head) && random.chance(0.7)) {
    primary.acks.delete(node.index)
    Object.assign(node, { linked: true, restarted: false })
    world.trace.push(`${String(node.index)} resumes from ${String(primary.index)}`)
  } else {
    primary.acks.delete(node.index)
    node.disk ??= node.head
    node.emptied = true
    node.snapshot = primary.head
    world.trace.push(`${String(node.index)} is emptied by a full sync from ${String(primary.index)}`)
  }
  return true
}

/** A full sync whose primary has gone is loaded all the same: it came as a file. */
export function loadAlone(world: World): void {
  for (const node of world.nodes) {
    if (!node.emptied || !responds(node) || followed(world, node) !== null) continue
    Object.assign(node, { head: node.snapshot, emptied: false })
    world.trace.push(`${String(node.index)} loaded what it got from one that has gone`)
  }
}

/** The append-only file is rewritten: from now on a crash brings back what was synced. */
export function settle(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => each.up && each.disk !== null && !each.emptied))
  if (node === undefined) return false
  node.disk = null
  return true
}

/** A primary notices that a replica has gone. */
export function noticeLoss(world: World, random: Random): boolean {
  const node = random.pick(world.nodes)
  const replica = node === undefined ? undefined : random.pick([...node.acks.keys()])
  if (node === undefined || replica === undefined) return false
  const { follows, linked } = nodeAt(world, replica)
  if (follows === node.index && linked) {
    if (!random.chance(0.2)) return false
    nodeAt(world, replica).linked = false
  }
  return node.acks.delete(replica)
}

export function hang(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter(responds))
  if (node === undefined) return false
  node.hung = true
  world.trace.push(`${String(node.index)} hangs`)
  return true
}

export function wake(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => each.hung))
  if (node === undefined) return false
  node.hung = false
  world.trace.push(`${String(node.index)} wakes`)
  return true
}

/** Ends a process. Acknowledged data is on disk, but for a full sync that is not yet, or a lost tail. */
export function crash(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => each.up))
  if (node === undefined) return false
  if (node.disk !== null && node.disk !== node.head) {
    node.head = node.disk
    if (world.rules.duties.oldDataIsNotIntact) node.intact = false
  }
  if (world.tailLoss && random.chance(0.5)) node.head = at(node.head, node.head.offset - random.below(8))
  for (const each of world.nodes) if (each.follows === node.index) each.linked = false
  node.acks.clear()
  const role = 'slave' as const
  Object.assign(node, { up: false, hung: false, role, follows: null, linked: false })
  Object.assign(node, {
    emptied: false,
    disk: null,
    memory: null,
    run: newRun(world),
    feeds: !world.rules.duties.fencedFeedsNobody,
  })
  world.trace.push(
    `${String(node.index)} crashes with ${text(recordOf(node))} at ${String(node.head.offset)}`,
  )
  return true
}

export function restart(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => !each.up))
  if (node === undefined) return false
  node.up = true
  node.restarted = true
  if (!world.rules.duties.promiseSurvivesRestart) node.promise = { number: 0, node: 0 }
  world.trace.push(`${String(node.index)} restarts`)
  return true
}

/**
 * A volume is lost while its node is down, with the promise in it.
 * Assumed: no gate that counted this node is still being decided.
 */
export function emptyVolume(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => !each.up))
  const counted = world.gates.some((gate) => node !== undefined && gate.reports.has(node.index))
  const root = { parent: null, offset: 0, record: null, write: null }
  if (node === undefined || counted) return false
  Object.assign(node, { head: root, intact: false, blank: true, promise: { number: 0, node: 0 } })
  world.trace.push(`${String(node.index)} loses its volume`)
  return true
}

/** The agent of a reigning primary looks at its record, and writes it back when it has been erased. */
export function watchRecord(world: World, random: Random): boolean {
  const node = random.pick(
    world.nodes.filter(
      (each) => reigns(each) || (each.role === 'master' && responds(each) && each.memory !== null),
    ),
  )
  if (node === undefined) return false
  const record = recordOf(node)
  if (record !== null) {
    node.memory = reigns(node) ? record : null
  } else if (node.memory?.run === node.run && compareEpochs(node.promise, node.memory.epoch) === 0) {
    // Fenced for another's gate, or following, it has no reign any more.
    node.memory = { ...node.memory, version: node.memory.version + 1000 }
    writeRecord(world, node, node.memory)
    world.trace.push(`${String(node.index)} restores ${text(node.memory)}`)
  }
  return true
}

/** Nobody but FLUSHALL changes what is beside the record; other databases' traffic only moves the offset. */
export function noise(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter((each) => responds(each) && each.role === 'master'))
  if (node === undefined) return false
  node.head = append(node.head, recordOf(node))
  return true
}

function newRun(world: World): string {
  world.counter += 1
  return `r${String(world.counter)}`
}
