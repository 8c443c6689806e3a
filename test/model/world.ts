import type { FencedNode } from '../../src/insync/gate.ts'
import { compareEpochs, formatEpoch, type Epoch, type InSyncRecord } from '../../src/insync/record.ts'
import { counts, isMajority, majorityOf, type Majorities } from '../../src/insync/majorities.ts'
import { append, holds, type Entry } from './log.ts'
import type { Random } from './random.ts'
import type { Rules } from './rules.ts'

export interface ModelNode {
  readonly index: number
  head: Entry
  /** What a crash brings back until the append-only file is rewritten after a full sync. Null: `head` itself. */
  disk: Entry | null
  up: boolean
  hung: boolean
  role: 'master' | 'slave'
  /** run_id of its process. */
  run: string
  /** Its replication id: another one after each promotion. */
  stream: number
  /** Lets replicas attach: from its gate on, until it is fenced, follows or ends. */
  feeds: boolean
  follows: number | null
  /** Its link to whom it follows is synced: it holds a beginning of that log. */
  linked: boolean
  /** A full sync has emptied it and is not loaded yet. */
  emptied: boolean
  /** What that full sync brings, whether or not its primary lives on. */
  snapshot: Entry
  promise: Epoch
  intact: boolean
  /** Lost its volume, and with it its promise. */
  blank: boolean
  restarted: boolean
  /** The agent's memory of the record of this node's own reign. */
  memory: InSyncRecord | null
  /** Offsets that replicas acknowledged to this node; a closed link is noticed late. */
  readonly acks: Map<number, number>
  /** What its agent goes by: an index into the world's stages. */
  stage: number
}

export interface Gate {
  readonly candidate: number
  readonly epoch: Epoch
  /** The candidate's when it reported: a process that started since is another candidate. */
  readonly run: string
  readonly reports: Map<number, { readonly report: FencedNode; readonly head: Entry }>
}

export interface Answered {
  readonly entry: Entry
  /** What the confirming round wrote: whoever holds this has the write, and a commit count that says so. */
  readonly confirmed: Entry
  readonly epoch: Epoch
  /** The primary and the members of the record it was confirmed with. */
  readonly holders: readonly number[]
}

export interface OpenRound {
  readonly node: number
  readonly epoch: Epoch
  readonly record: InSyncRecord | null
  readonly offset: number
  readonly entry: Entry
  readonly writes: readonly Entry[]
  /** How many writes had been answered when it began: a read served by it must see those. */
  readonly answeredBefore: number
  readonly stream: number
}

export interface World {
  /** Of what a majority is needed, in the order in which the number of nodes changes. One, where it does not. */
  readonly stages: readonly Majorities[]
  /** The stage that all go by, or that and the next. */
  live: readonly number[]
  /** The newest reign has confirmed something by the present stage since all go by it. */
  stageConfirmed: boolean
  /** Rounds that began before that. */
  stageRounds: ReadonlySet<OpenRound>
  readonly rules: Rules
  /** Crashes lose unsynced tails of append-only files. */
  readonly tailLoss: boolean
  /** 0 to 3: how often things go wrong that need not. */
  readonly heat: number
  readonly nodes: readonly ModelNode[]
  readonly pending: { readonly node: number; readonly epoch: Epoch; readonly entry: Entry }[]
  readonly rounds: OpenRound[]
  readonly swaps: {
    readonly node: number
    readonly seen: InSyncRecord
    readonly members: readonly number[]
  }[]
  readonly followRequests: { readonly to: number; readonly node: number; readonly record: InSyncRecord }[]
  readonly gates: Gate[]
  readonly reigns: { readonly epoch: Epoch; readonly first: Entry }[]
  readonly answered: Answered[]
  readonly versions: Map<string, string>
  readonly trace: string[]
  counter: number
}

export class Violation extends Error {
  override readonly name = 'Violation'
}

export function createWorld(
  n: number,
  rules: Rules,
  tailLoss: boolean,
  heat: number,
  stages: readonly Majorities[] = [majorityOf(n)],
): World {
  const epoch = { number: 1, node: 0 }
  const isThere = (index: number) => counts(index, stages[0] ?? [])
  const members = Array.from({ length: n - 1 }, (_, i) => i + 1).filter(isThere)
  const record: InSyncRecord = { epoch, version: 0, members, commits: 0, run: 'r0' }
  const first = append({ parent: null, offset: 0, record: null, write: null }, record)
  const nodes = Array.from({ length: n }, (_, index): ModelNode => ({
    index,
    head: isThere(index) ? first : root,
    disk: null,
    up: true,
    hung: false,
    role: index === 0 ? 'master' : 'slave',
    run: `r${String(index)}`,
    feeds: index === 0,
    follows: index === 0 || !isThere(index) ? null : 0,
    linked: index !== 0 && isThere(index),
    emptied: false,
    snapshot: first,
    promise: isThere(index) ? epoch : { number: 0, node: 0 },
    intact: isThere(index),
    stream: 0,
    blank: false,
    restarted: false,
    memory: index === 0 ? record : null,
    acks: new Map(index === 0 ? members.map((member) => [member, first.offset]) : []),
    stage: 0,
  }))
  const lists = { pending: [], rounds: [], swaps: [], followRequests: [], gates: [], answered: [], trace: [] }
  const versions = new Map([[versionOf(record), members.join()]])
  const present = { stages, live: [0], stageConfirmed: true, stageRounds: new Set<OpenRound>() }
  return {
    ...present,
    rules,
    tailLoss,
    heat,
    nodes,
    ...lists,
    reigns: [{ epoch, first }],
    versions,
    counter: n,
  }
}

const root: Entry = { parent: null, offset: 0, record: null, write: null }

/** By what a node's agent goes. */
export function viewOf(world: World, node: ModelNode): Majorities {
  return world.stages[node.stage] ?? []
}

/** By what some gateway goes: it may not have been told yet. */
export function someView(
  world: World,
  random: Random,
): { readonly stage: number; readonly majorities: Majorities } {
  const stage = random.pick(world.live) ?? 0
  return { stage, majorities: world.stages[stage] ?? [] }
}

/** Whether anybody counts this node. */
export function isVoter(world: World, index: number): boolean {
  return world.live.some((stage) => counts(index, world.stages[stage] ?? []))
}

export function nodeAt(world: World, index: number): ModelNode {
  const node = world.nodes[index]
  if (node === undefined) throw new RangeError(`no node ${String(index)}`)
  return node
}

export const responds = (node: ModelNode): boolean => node.up && !node.hung
export const canWrite = (node: ModelNode): boolean => responds(node) && node.role === 'master'
export const recordOf = (node: ModelNode): InSyncRecord | null => (node.emptied ? null : node.head.record)

/** Its record is of its own reign and of this very process. */
export function reigns(node: ModelNode): boolean {
  const record = recordOf(node)
  return canWrite(node) && record?.epoch.node === node.index && record.run === node.run
}

/** Writes a record and checks what must hold for every record there ever is. */
export function writeRecord(world: World, node: ModelNode, record: InSyncRecord): void {
  const key = versionOf(record)
  const members = record.members.join()
  const known = world.versions.get(key)
  if (!world.tailLoss && known !== undefined && known !== members) {
    throw new Violation(`version ${key} has members ${known} and ${members}`)
  }
  world.versions.set(key, members)
  // A change of the members may arrive late, in a stage that asks for more: then nothing is answered under it.
  if (!world.stages.some((stage) => isMajority([record.epoch.node, ...record.members], stage)))
    throw new Violation(`${key} has too few members: ${members}`)
  if (record.members.includes(record.epoch.node)) throw new Violation(`${key} names the primary: ${members}`)
  node.head = append(node.head, record)
}

/** A node serves in a new reign: nothing that was answered in an earlier one may be missing from it. */
export function checkServe(world: World, gate: Gate, head: Entry): void {
  for (const answered of [...world.answered]) {
    if (compareEpochs(answered.epoch, gate.epoch) > 0 || holds(head, answered.entry)) continue
    // Lost tails: promised is only what one of its holders still had when it was fenced.
    const kept = [...gate.reports].some(
      ([node, { report, head: fenced }]) =>
        report.intact &&
        report.record !== null &&
        answered.holders.includes(node) &&
        holds(fenced, answered.confirmed),
    )
    if (world.tailLoss && !kept) {
      world.answered.splice(world.answered.indexOf(answered), 1)
      continue
    }
    throw new Violation(`lost: ${describe(answered)} is missing from reign ${formatEpoch(gate.epoch)}`)
  }
}

/** A write is answered: it must be in every later reign that is already there. */
export function answer(world: World, answered: Answered): void {
  world.answered.push(answered)
  const split = world.reigns.find(
    (reign) => compareEpochs(reign.epoch, answered.epoch) > 0 && !holds(reign.first, answered.entry),
  )
  if (split !== undefined && !world.tailLoss) {
    throw new Violation(`split: ${describe(answered)}, and reign ${formatEpoch(split.epoch)} lacks it`)
  }
}

/** A round was confirmed: a read that it answers sees everything that was answered before the round began. */
export function checkFresh(world: World, round: OpenRound, head: Entry): void {
  if (world.tailLoss) return
  for (const answered of world.answered.slice(0, round.answeredBefore)) {
    if (!holds(head, answered.entry))
      throw new Violation(`stale: ${formatEpoch(round.epoch)} lacks ${describe(answered)}`)
  }
}

function describe({ entry, epoch }: Answered): string {
  return `write ${String(entry.write)} answered in ${formatEpoch(epoch)}`
}

function versionOf(record: InSyncRecord): string {
  return `${formatEpoch(record.epoch)}/${String(record.version)}`
}
