import { compareEpochs, formatEpoch, type Epoch } from '../insync/record.ts'
import type { NodeProbe } from './node-probe.ts'

/** Who the sentinels name, by node index; all pure data, so that who becomes primary can be tested without any server. */
export interface SentinelsState {
  /** By sentinel: the node it names; null when it is silent or names a stranger. */
  readonly named: readonly (number | null)[]
  /** Nodes that a sentinel said it is promoting, and until when that counts (ms of the clock handed in). */
  readonly promoting: ReadonlyMap<number, number>
}

export type SentinelsEvent =
  | { readonly kind: 'named'; readonly sentinel: number; readonly node: number | null }
  | { readonly kind: 'promoting'; readonly node: number; readonly untilMs: number }

export function noSentinels(count: number): SentinelsState {
  return { named: Array.from({ length: count }, () => null), promoting: new Map() }
}

export function reduceSentinels(state: SentinelsState, event: SentinelsEvent): SentinelsState {
  switch (event.kind) {
    case 'named':
      return {
        ...state,
        named: state.named.map((node, index) => (index === event.sentinel ? event.node : node)),
      }
    case 'promoting':
      return { ...state, promoting: new Map(state.promoting).set(event.node, event.untilMs) }
    default:
      return event satisfies never
  }
}

/** The node that a majority of all sentinels names, the silent ones counted as well; null without one. */
export function majority(state: SentinelsState): number | null {
  const votes = new Map<number, number>()
  for (const node of state.named) if (node !== null) votes.set(node, (votes.get(node) ?? 0) + 1)
  for (const [node, count] of votes) if (count > state.named.length / 2) return node
  return null
}

/** Nodes worth asking whether they are the primary: the majority's, and those that are being promoted. */
export function candidates(state: SentinelsState, nowMs: number): readonly number[] {
  const found = new Set<number>()
  const named = majority(state)
  if (named !== null) found.add(named)
  for (const [node, untilMs] of state.promoting) if (untilMs > nowMs) found.add(node)
  return [...found]
}

/** The last reign this gateway followed. `over`: it was seen to have ended, so the same epoch does not count again. */
export interface LastReign {
  readonly epoch: Epoch
  readonly over: boolean
}

export type Judgement =
  | {
      readonly kind: 'primary'
      readonly epoch: Epoch
      readonly run: string
      readonly members: readonly number[]
    }
  | { readonly kind: 'no'; readonly why: string }

/**
 * May this node be taken up as primary? It says master, its record passed the gate as this very node's, in this very life of the
 * process, and in an epoch that is not behind the last one used.
 */
export function judge(node: number, probe: NodeProbe, last: LastReign | null): Judgement {
  const { replication, record } = probe
  if (replication.role !== 'master') return no('it is no primary')
  if (record === null) return no('it holds no record of the in-sync set')
  if (record.epoch.node !== node) return no('its record is of another node: its gate has not passed')
  if (record.run !== replication.run) return no('it restarted: its gate has not passed')
  if (last !== null) {
    const order = compareEpochs(record.epoch, last.epoch)
    const name = formatEpoch(record.epoch)
    if (order < 0) return no(`its epoch ${name} is older than ${formatEpoch(last.epoch)}`)
    if (order === 0 && last.over) return no(`its epoch ${name} is over`)
  }
  return { kind: 'primary', epoch: record.epoch, run: record.run, members: record.members }
}

function no(why: string): Judgement {
  return { kind: 'no', why }
}
