import { isMajority, missing, type Majorities } from './majorities.ts'
import { compareEpochs, compareRecords, type Epoch, type InSyncRecord } from './record.ts'

/** What a fenced node reported: it has left whatever it followed and promised the gate's epoch, on disk, before it read this. */
export interface FencedNode {
  readonly node: number
  /** False when its volume was emptied or lost since it last was in sync. Without that or a record it does not count. */
  readonly intact: boolean
  /** Its redis-server has not been in sync since it started: what was acknowledged in memory may be gone from it. */
  readonly restarted: boolean
  readonly record: InSyncRecord | null
}

export type Verdict =
  /** Write this record on the node, let the fenced follow, serve. */
  | { readonly kind: 'serve'; readonly record: InSyncRecord }
  /** Too few intact nodes are fenced, by so many at least: nobody can say what was answered. */
  | { readonly kind: 'wait'; readonly missing: number }
  /** This node lacks something that was answered; one of these has it all, the first the most. */
  | { readonly kind: 'yield'; readonly qualified: readonly number[] }
  /** Enough intact nodes are fenced and none of them qualifies: the newest record's members must come. */
  | { readonly kind: 'incomplete'; readonly awaited: readonly number[] }

/**
 * The gate: may `candidate` serve in `epoch`?
 *
 * @param fenced distinct nodes that granted `epoch`, the candidate included
 * @param run the candidate's run_id, for the record of its own epoch
 */
export function gateVerdict(
  candidate: number,
  epoch: Epoch,
  fenced: readonly FencedNode[],
  majorities: Majorities,
  run: string,
): Verdict {
  const whole = fenced.filter((report) => report.intact && report.record !== null)
  // Enough that kept their memory: whoever restarted has nothing to add, and may hold a tail that nobody was answered.
  const steady = whole.filter((report) => !report.restarted)
  const intact = isMajority(indices(steady), majorities) ? steady : whole
  if (!isMajority(indices(intact), majorities))
    return { kind: 'wait', missing: missing(indices(intact), majorities) }
  const ranked = qualified(intact)
  if (ranked.length === 0) {
    const newest = newestRecord(intact)
    return { kind: 'incomplete', awaited: newest === null ? [] : [newest.epoch.node, ...newest.members] }
  }
  const own = ranked.find((report) => report.node === candidate)
  const best = ranked[0]
  const mustBeBest = intact.some((report) => report.restarted)
  if (own === undefined || (mustBeBest && best !== undefined && commitsOf(own) < commitsOf(best))) {
    return { kind: 'yield', qualified: ranked.map((report) => report.node) }
  }
  return { kind: 'serve', record: firstRecord(candidate, epoch, { intact, whole }, majorities, run) }
}

/**
 * The record that a node writes when its gate has passed: the fenced others are its in-sync set. One that restarted
 * has everything to fetch first, so it joins later if there are enough without it.
 */
function firstRecord(
  candidate: number,
  epoch: Epoch,
  { intact, whole }: { readonly intact: readonly FencedNode[]; readonly whole: readonly FencedNode[] },
  majorities: Majorities,
  run: string,
): InSyncRecord {
  const others = intact.filter((report) => report.node !== candidate)
  const ready = others.filter((report) => !report.restarted)
  return {
    epoch,
    version: 0,
    members: indices(isMajority([candidate, ...indices(ready)], majorities) ? ready : others).toSorted(
      (a, b) => a - b,
    ),
    commits: Math.max(0, ...whole.map((report) => report.record?.commits ?? 0)),
    run,
  }
}

/**
 * Those that have every answered write: they hold the newest record found and are its primary or one of its members.
 * The first has the highest commit count: after a power cut, when offsets are useless, the most of what was answered.
 *
 * Whoever else holds that record has everything that stands before it. So if one of its members lacks it, and so nothing
 * was answered under it, every holder will do; else a deployment that lost its primary right then could never go on.
 */
export function qualified(reports: readonly FencedNode[]): readonly FencedNode[] {
  const newest = newestRecord(reports)
  if (newest === null) return []
  const holds = ({ record }: FencedNode) => record !== null && compareRecords(record, newest) === 0
  const isMember = ({ node }: FencedNode) => newest.members.includes(node)
  const isUnanswered = reports.some(
    (report) => isMember(report) && report.intact && !report.restarted && !holds(report),
  )
  return reports
    .filter(
      (report) => holds(report) && (isUnanswered || report.node === newest.epoch.node || isMember(report)),
    )
    .toSorted((a, b) => commitsOf(b) - commitsOf(a) || primaryFirst(newest, a, b) || a.node - b.node)
}

function indices(reports: readonly FencedNode[]): number[] {
  return reports.map((report) => report.node)
}

function commitsOf(report: FencedNode): number {
  return report.record?.commits ?? 0
}

function primaryFirst(newest: InSyncRecord, a: FencedNode, b: FencedNode): number {
  return Number(b.node === newest.epoch.node) - Number(a.node === newest.epoch.node)
}

function newestRecord(reports: readonly FencedNode[]): InSyncRecord | null {
  let newest: InSyncRecord | null = null
  for (const { record } of reports) {
    if (record !== null && (newest === null || compareRecords(record, newest) > 0)) newest = record
  }
  return newest
}

/** A promise is only ever raised. Asking again for the very promise given is granted: the answer may have been lost. */
export function grantsPromise(promised: Epoch, asked: Epoch): boolean {
  return compareEpochs(asked, promised) >= 0
}

/** May a node that promised `promised` and holds `own` replicate a primary whose record is `theirs`? */
export function mayFollow(promised: Epoch, own: InSyncRecord | null, theirs: InSyncRecord): boolean {
  return compareEpochs(theirs.epoch, promised) >= 0 && (own === null || compareRecords(own, theirs) <= 0)
}

/** The epoch for a gate of `node`: above everything promised or recorded that is known. */
export function nextEpoch(node: number, known: readonly Epoch[]): Epoch {
  return { number: Math.max(0, ...known.map((epoch) => epoch.number)) + 1, node }
}
