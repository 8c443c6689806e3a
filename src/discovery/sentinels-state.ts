import { addressKey } from './address.ts'
import type { RedisAddress } from './redis-client.ts'

/** A primary as a sentinel names it. */
export interface NamedPrimary {
  readonly address: RedisAddress
  /** Sentinel's configuration epoch: that of the election which made it primary; 0 at first. */
  readonly epoch: number
}

/** What one sentinel said last. */
export interface SentinelState {
  /** Its own id, by which others vote for it; null: not known yet. */
  readonly id: string | null
  /** Null: it is silent, or says what cannot be read. */
  readonly names: NamedPrimary | null
  readonly vote: { readonly leader: string; readonly epoch: number } | null
  /** The replica it says it is promoting, and until when that counts (ms of the clock handed in). */
  readonly promoting: { readonly address: RedisAddress; readonly untilMs: number } | null
}

/** By sentinel (the key of its address); all pure data, so that who becomes primary can be tested without any server. */
export type SentinelsState = ReadonlyMap<string, SentinelState>

export type SentinelReport =
  | { readonly kind: 'identified'; readonly id: string | null }
  | { readonly kind: 'names'; readonly primary: NamedPrimary | null }
  | { readonly kind: 'voted'; readonly leader: string; readonly epoch: number }
  | { readonly kind: 'promoting'; readonly address: RedisAddress; readonly untilMs: number }
  | { readonly kind: 'aborted' }

const silent: SentinelState = { id: null, names: null, vote: null, promoting: null }

/** Exactly these sentinels count from now on; what the known ones said stays. */
export function withSentinels(state: SentinelsState, keys: Iterable<string>): SentinelsState {
  return new Map([...keys].map((key) => [key, state.get(key) ?? silent]))
}

/** What a sentinel that is not counted says changes nothing. */
export function reduceSentinels(
  state: SentinelsState,
  sentinel: string,
  report: SentinelReport,
): SentinelsState {
  const before = state.get(sentinel)
  return before === undefined ? state : new Map(state).set(sentinel, reduceOne(before, report))
}

function reduceOne(before: SentinelState, report: SentinelReport): SentinelState {
  switch (report.kind) {
    case 'identified':
      return { ...before, id: report.id }
    case 'names':
      return { ...before, names: report.primary }
    case 'voted':
      return { ...before, vote: { leader: report.leader, epoch: report.epoch } }
    case 'promoting':
      return { ...before, promoting: { address: report.address, untilMs: report.untilMs } }
    case 'aborted':
      return { ...before, promoting: null }
    default:
      return report satisfies never
  }
}

/**
 * Whom a majority of all sentinels names, the silent ones counted as well; null without one.
 * @param floor the last configuration epoch used: who names in an older one knows nothing of what came since
 * @returns its epoch is the highest that a majority reports or exceeds, so that one sentinel alone cannot raise it
 */
export function majority(state: SentinelsState, floor: number): NamedPrimary | null {
  const votes = new Map<string, NamedPrimary[]>()
  for (const { names } of state.values()) {
    if (names === null || names.epoch < floor) continue
    const key = addressKey(names.address)
    votes.set(key, [...(votes.get(key) ?? []), names])
  }
  for (const named of votes.values()) {
    if (!isMajority(named.length, state)) continue
    const epochs = named.map((one) => one.epoch).toSorted((a, b) => b - a)
    const [first] = named
    const epoch = epochs[Math.floor(state.size / 2)]
    if (first !== undefined && epoch !== undefined) return { address: first.address, epoch }
  }
  return null
}

/**
 * Who is being promoted by a sentinel that a majority elected: Sentinel's own rule, counted here from the votes that each of
 * them tells (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#configuration-epochs), so that nobody is
 * followed on one sentinel's word. A failover that was asked for by hand has no election, and is not found here.
 */
export function elected(state: SentinelsState, floor: number, nowMs: number): NamedPrimary | null {
  let newest: NamedPrimary | null = null
  const all = [...state.values()]
  for (const { id, vote, promoting } of all) {
    if (id === null || promoting === null || promoting.untilMs <= nowMs) continue
    if (vote?.leader !== id || vote.epoch < floor) continue
    // somebody says he is who was elected
    if (all.filter((one) => one.id === id).length > 1) continue
    const { epoch } = vote
    if (newest !== null && newest.epoch >= epoch) continue
    const votes = all.filter((one) => one.vote?.leader === id && one.vote.epoch === epoch)
    if (isMajority(votes.length, state)) newest = { address: promoting.address, epoch }
  }
  return newest
}

/** Whom any sentinel says it is promoting, elected or not. */
export function promising(state: SentinelsState, nowMs: number): readonly RedisAddress[] {
  return [...state.values()].flatMap(({ promoting }) =>
    promoting !== null && promoting.untilMs > nowMs ? [promoting.address] : [],
  )
}

/** Whom a majority stands behind: by naming it, or by having elected who promotes it, where that is newer. */
export function backed(state: SentinelsState, floor: number, nowMs: number): readonly NamedPrimary[] {
  const named = majority(state, floor)
  const promoted = elected(state, floor, nowMs)
  if (promoted === null || (named !== null && named.epoch >= promoted.epoch))
    return named === null ? [] : [named]
  return named === null ? [promoted] : [promoted, named]
}

/** A majority answers, and all of it with older configuration epochs than this: the sentinels were set up anew. */
export function areBehind(state: SentinelsState, floor: number): boolean {
  const behind = [...state.values()].filter(({ names }) => names !== null && names.epoch < floor)
  return isMajority(behind.length, state)
}

function isMajority(count: number, state: SentinelsState): boolean {
  return count > state.size / 2
}
