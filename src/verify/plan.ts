import { HoldfastError } from '../errors.ts'
import { nearest } from '../spec/nearest.ts'
import { parseDuration } from '../spec/units.ts'
import type { Capability, Fault } from './faults/fault.ts'
import { randomFrom } from './random.ts'

/** What happens when. */
export interface PlannedFault {
  readonly fault: Fault
  /** Milliseconds since the run began. */
  readonly atMs: number
  /** What this fault's own choices are made from. */
  readonly seed: number
  /** It waits for everything before it to be healthy again: a plan says when at the earliest. */
  readonly alone: boolean
}

/** What of a deployment decides which faults make sense. */
export interface PlanFacts {
  readonly nodes: number
  readonly instances: number
  /** Why a target cannot do it; null when it can. */
  readonly why: (capability: Capability) => string | null
  /** Whether what is stored may be destroyed: the deployment is a throw-away. */
  readonly destructive: boolean
}

export interface PlanOptions {
  readonly seed: number
  readonly durationMs: number
  readonly faults: readonly Fault[]
  readonly facts: PlanFacts
  /** Begins faults beside each other while those take no more than f nodes together. */
  readonly overlap: boolean
}

/** Before the first fault: what a run looks like when nothing is wrong. */
const leadInMs = 3000
/** From the end of a fault until everything is healthy again, mostly; the next one waits for it anyway. */
const recoveryMs = 5000
const overlapEveryMs = 2500

/** @returns why this fault cannot be had here, in words; null when it can */
export function whyNot(fault: Fault, facts: PlanFacts): string | null {
  const { atLeast, atMost } = fault
  if (atLeast?.nodes !== undefined && facts.nodes < atLeast.nodes)
    return `it needs ${atLeast.nodes} nodes, and there are ${facts.nodes}`
  if (atMost?.nodes !== undefined && facts.nodes > atMost.nodes)
    return `it is for ${atMost.nodes} nodes, and there are ${facts.nodes}`
  if (atLeast?.instances !== undefined && facts.instances < atLeast.instances)
    return `it needs ${atLeast.instances} instances, and there are ${facts.instances}`
  if (fault.destroys === 'data' && !facts.destructive)
    return 'it destroys what is stored: only with --destructive, on a deployment that is a throw-away'
  return fault.needs.map(facts.why).find((why) => why !== null) ?? null
}

/**
 * The same for the same options. Every fault comes once before any comes twice; what cannot be had here is left out.
 * Ascending by time; the last one is over, and has had time to recover, within the duration.
 */
export function planFaults({
  seed,
  durationMs,
  faults,
  facts,
  overlap,
}: PlanOptions): readonly PlannedFault[] {
  const random = randomFrom(seed)
  const usable = faults.filter((fault) => whyNot(fault, facts) === null)
  const f = Math.floor((facts.nodes - 1) / 2)
  const planned: PlannedFault[] = []
  let atMs = leadInMs
  let deck: Fault[] = []
  for (;;) {
    if (deck.length === 0) deck = [...usable]
    const fault = random.take(deck)
    if (fault === undefined) return planned
    const own = Math.floor(random.next() * 2 ** 32)
    const waitMs = Math.floor(random.next() * (overlap ? overlapEveryMs : 1000))
    atMs = earliest(planned, fault, atMs + waitMs, overlap ? f : null)
    // A shorter one may still fit.
    if (atMs + fault.lastsMs + recoveryMs > durationMs) {
      const fits = (other: Fault) =>
        earliest(planned, other, atMs, overlap ? f : null) + other.lastsMs + recoveryMs <= durationMs
      deck = deck.filter(fits)
      if (deck.length === 0) return planned
      continue
    }
    planned.push({ fault, atMs, seed: own, alone: !overlap || fault.takesNodes === undefined })
  }
}

/**
 * When a fault may begin, not before `atMs`.
 * @param f how many nodes may be lost beside each other; null: nothing runs beside anything
 */
function earliest(planned: readonly PlannedFault[], fault: Fault, atMs: number, f: number | null): number {
  const ends = planned.map((other) => ({ ...other, endMs: other.atMs + other.fault.lastsMs + recoveryMs }))
  const candidates = [atMs, ...ends.map(({ endMs }) => endMs).filter((endMs) => endMs > atMs)]
  const isFree = (candidate: number): boolean => {
    const beside = ends.filter(({ endMs }) => endMs > candidate)
    if (beside.length === 0) return true
    if (f === null || fault.takesNodes === undefined || beside.some(({ alone }) => alone)) return false
    const taken = beside.reduce((sum, other) => sum + (other.fault.takesNodes ?? 0), fault.takesNodes)
    return taken <= f && !beside.some((other) => other.fault.name === fault.name)
  }
  return candidates.toSorted((a, b) => a - b).find(isFree) ?? atMs
}

/**
 * The faults that a comma-separated list names; `ordinary` and `all` stand for theirs. Those of the list that cannot be
 * had here are refused when they were named themselves, and left out of `ordinary` and `all`.
 * @throws HoldfastError USAGE with every problem at once
 */
export function chooseFaults(text: string, catalogue: readonly Fault[], facts: PlanFacts): readonly Fault[] {
  const problems: string[] = []
  const chosen = new Set<Fault>()
  for (const word of wordsOf(text)) {
    const group = groupOf(word, catalogue)
    if (group !== undefined) {
      for (const fault of group) if (whyNot(fault, facts) === null) chosen.add(fault)
      continue
    }
    const fault = named(word, catalogue, problems)
    const why = fault === undefined ? null : whyNot(fault, facts)
    if (why !== null) problems.push(`${word}: ${why}`)
    else if (fault !== undefined) chosen.add(fault)
  }
  if (problems.length === 0 && chosen.size === 0) problems.push('no fault is named that can be had here')
  if (problems.length > 0) throw usage('These faults cannot be had', problems)
  return catalogue.filter((fault) => chosen.has(fault))
}

/**
 * `kill-primary@5s,partition-primary@20s`: what happens when, from the beginning of the run.
 * @param seed what the choices of each fault are made from
 * @throws HoldfastError USAGE with every problem at once
 */
export function parseSchedule(
  text: string,
  catalogue: readonly Fault[],
  facts: PlanFacts,
  seed: number,
): readonly PlannedFault[] {
  const random = randomFrom(seed)
  const problems: string[] = []
  const planned = wordsOf(text).flatMap((word): PlannedFault[] => {
    const own = Math.floor(random.next() * 2 ** 32)
    const [name = '', at, ...more] = word.split('@')
    const atMs = at === undefined || more.length > 0 ? undefined : parseDuration(at)
    if (atMs === undefined) {
      problems.push(`${word}: write FAULT@TIME, as in kill-primary@5s (500ms, 5s, 1.5m)`)
      return []
    }
    const fault = named(name, catalogue, problems)
    const why = fault === undefined ? null : whyNot(fault, facts)
    if (why !== null) problems.push(`${name}: ${why}`)
    return fault === undefined || why !== null ? [] : [{ fault, atMs, seed: own, alone: false }]
  })
  if (problems.length === 0 && planned.length === 0) problems.push('it names no fault')
  if (problems.length > 0) throw usage('This schedule cannot be run', problems)
  return planned.toSorted((a, b) => a.atMs - b.atMs)
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

function groupOf(word: string, catalogue: readonly Fault[]): readonly Fault[] | undefined {
  if (word === 'all') return catalogue
  return word === 'ordinary' ? catalogue.filter(({ ordinary }) => ordinary) : undefined
}

function named(name: string, catalogue: readonly Fault[], problems: string[]): Fault | undefined {
  const fault = catalogue.find((candidate) => candidate.name === name)
  if (fault !== undefined) return fault
  const near = nearest(
    name,
    catalogue.map((candidate) => candidate.name),
  )
  problems.push(`${name}: there is no such fault${near === undefined ? '' : `; ${near}?`}`)
  return undefined
}

function usage(what: string, problems: readonly string[]): HoldfastError {
  return new HoldfastError('USAGE', `${what}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, {
    hint: './holdfast verify --list names every fault, and says which cannot be had here and why.',
    exitCode: 2,
  })
}
