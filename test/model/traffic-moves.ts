/** What gateways do: writes, rounds of confirmation, changes of the members. Any gateway may be late or believe an old reign. */
import type { Random } from './random.ts'
import { append } from './log.ts'
import {
  answer,
  canWrite,
  checkFresh,
  nodeAt,
  recordOf,
  reigns,
  responds,
  someView,
  viewOf,
  writeRecord,
  type ModelNode,
  type World,
} from './world.ts'
import { counts } from '../../src/insync/majorities.ts'
import { compareEpochs, formatEpoch, type Epoch } from '../../src/insync/record.ts'

function believedReign(world: World, random: Random): World['reigns'][number] | undefined {
  return random.chance(0.7) ? world.reigns.at(-1) : random.pick(world.reigns.slice(-4))
}

/** A gateway that believes in some reign of the past or present writes to its node. */
export function write(world: World, random: Random): boolean {
  const reign = believedReign(world, random)
  if (reign === undefined) return false
  const node = nodeAt(world, reign.epoch.node)
  if (!canWrite(node)) return false
  world.counter += 1
  node.head = append(node.head, recordOf(node), world.counter)
  world.pending.push({ node: node.index, epoch: reign.epoch, entry: node.head })
  world.trace.push(`write ${String(world.counter)} on ${String(node.index)} for ${formatEpoch(reign.epoch)}`)
  return true
}

/** Where nothing on disk is ever lost, late commands may arrive at any process; else only at the one they were meant for. */
const mayChange = (world: World, node: ModelNode): boolean =>
  !world.tailLoss || !world.rules.duties.changesOnlyInReign || reigns(node)

const pendingOf = (world: World, epoch: Epoch) =>
  world.pending.filter((write) => compareEpochs(write.epoch, epoch) === 0)

export function beginRound(world: World, random: Random): boolean {
  const reign = believedReign(world, random)
  if (reign === undefined) return false
  const { epoch } = reign
  const node = nodeAt(world, epoch.node)
  if (!canWrite(node) || !mayChange(world, node)) return false
  const record = recordOf(node)
  const counted = record === null ? null : { ...record, commits: record.commits + 1 }
  if (counted !== null) node.head = append(node.head, counted)
  const writes = pendingOf(world, epoch).map(({ entry }) => entry)
  const last = Math.max(0, ...writes.map((entry) => entry.offset))
  const offset = world.rules.duties.offsetBeyondRecord ? node.head.offset : last
  const answeredBefore = world.answered.length
  world.rounds.push({
    node: node.index,
    epoch,
    record: counted,
    offset,
    entry: node.head,
    writes,
    answeredBefore,
    stream: node.stream,
  })
  world.trace.push(`round of ${formatEpoch(epoch)} reads ${text(counted)} at ${String(offset)}`)
  return true
}

export function endRound(world: World, random: Random): boolean {
  const begun = random.chance(0.6) ? world.rounds.pop() : random.take(world.rounds)
  if (begun === undefined) return false
  const node = nodeAt(world, begun.node)
  if (!responds(node)) return false
  let round = begun
  if (!world.rules.duties.recordReadAfterWrites) {
    const writes = pendingOf(world, begun.epoch).map(({ entry }) => entry)
    round = { ...begun, writes, offset: Math.max(begun.offset, node.head.offset) }
  }
  const { record, offset: neededOffset, epoch } = round
  const { role, run } = node
  const seen = {
    record,
    role,
    run,
    neededOffset,
    acknowledged: new Map(node.acks),
    written: true,
    sameStream: node.stream === begun.stream,
  }
  const view = someView(world, random)
  const verdict = world.rules.confirmation(seen, epoch, view.majorities)
  world.trace.push(`round of ${formatEpoch(epoch)} at ${String(neededOffset)}: ${verdict.kind}`)
  if (verdict.kind === 'confirmed') {
    checkFresh(world, round, node.head)
    const isNewest = compareEpochs(epoch, world.reigns.at(-1)?.epoch ?? epoch) === 0
    if (isNewest && world.live.length === 1 && !world.stageRounds.has(begun)) world.stageConfirmed = true
    // The node may have passed another gate meanwhile, as the same process: then this is that reign's answer.
    const inForce = recordOf(node)?.epoch ?? epoch
    const holders = [node.index, ...verdict.record.members]
    for (const entry of round.writes) {
      const index = world.pending.findIndex((write) => write.entry === entry)
      if (index < 0) continue
      world.pending.splice(index, 1)
      answer(world, { entry, confirmed: round.entry, epoch: inForce, holders })
    }
  }
  if (verdict.kind === 'missing') {
    const leaving = [...verdict.gone, ...verdict.behind].filter(() => random.chance(0.7))
    const members = world.rules.membersWithout(verdict.record, leaving, view.majorities)
    if (members !== null) world.swaps.push({ node: node.index, seen: verdict.record, members })
  }
  return true
}

/** A gateway sees any replica online and wants it in: whether it has caught up matters to speed, not to the rule. */
export function proposeJoin(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter(reigns))
  const record = node === undefined ? null : recordOf(node)
  const joining =
    node === undefined
      ? undefined
      : random.pick([
          ...[...node.acks.keys()].filter((index) => counts(index, viewOf(world, node))),
          node.index,
        ])
  if (node === undefined || record === null || joining === undefined) return false
  world.swaps.push({ node: node.index, seen: record, members: world.rules.membersWith(record, [joining]) })
  return true
}

/** Compare-and-swap of the members, as late as it likes. */
export function swap(world: World, random: Random): boolean {
  const change = random.chance(0.8) ? random.take(world.swaps) : random.pick(world.swaps)
  if (change === undefined) return false
  const node = nodeAt(world, change.node)
  const record = recordOf(node)
  if (!canWrite(node) || record === null || !mayChange(world, node)) return false
  if (compareEpochs(record.epoch, change.seen.epoch) !== 0 || record.version !== change.seen.version)
    return false
  writeRecord(world, node, { ...record, version: record.version + 1, members: change.members })
  world.trace.push(`members on ${String(node.index)}: ${text(node.head.record)}`)
  return true
}

/** FLUSHALL past the gateways: the record is gone. */
export function erase(world: World, random: Random): boolean {
  const node = random.pick(world.nodes.filter(reigns))
  if (node === undefined) return false
  node.head = append(node.head, null)
  world.trace.push(`record erased on ${String(node.index)}`)
  return true
}

export function text(record: ReturnType<typeof recordOf>): string {
  if (record === null) return 'no record'
  const { epoch, version, members, commits } = record
  return `${formatEpoch(epoch)}/${String(version)}{${members.join()}}#${String(commits)}`
}
