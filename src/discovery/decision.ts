import { compareEpochs, formatEpoch, type Epoch } from '../insync/record.ts'
import type { NodeProbe } from './node-probe.ts'

/** The last reign this gateway followed. `over`: it was seen to have ended, so the same epoch does not count again. */
export interface LastReign {
  readonly key: string
  readonly epoch: Epoch
  readonly run: string
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
 * May this node of a deployment be taken up as primary? It says master, its record passed the gate as this very node's, in this
 * very life of the process, and in an epoch that is not behind the last one used.
 */
export function judge(
  node: number,
  probe: NodeProbe,
  last: Pick<LastReign, 'epoch' | 'over'> | null,
): Judgement {
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

/**
 * May this node of a Sentinel deployment that is not ours be taken up? There is no record: it says master, and a majority of the
 * sentinels stands behind it, or it is still the process that was followed last.
 * @param vouched the configuration epoch in which a majority names it, or elected who promotes it; null: none does
 * @returns epoch: number is the configuration epoch; node counts the times a primary was taken up, so that no two reigns are equal
 */
export function judgeStandalone(
  key: string,
  { replication }: Pick<NodeProbe, 'replication'>,
  last: LastReign | null,
  vouched: number | null,
): Judgement {
  if (replication.role !== 'master') return no('it is no primary')
  const { run } = replication
  if (last?.over === false && last.key === key && last.run === run)
    return { kind: 'primary', epoch: last.epoch, run, members: [] }
  if (vouched === null) return no('no majority of the sentinels stands behind it')
  const epoch = { number: vouched, node: last === null ? 0 : last.epoch.node + 1 }
  return { kind: 'primary', epoch, run, members: [] }
}

/** Still that primary, in the same life of its process, whose record somebody deleted. */
export function isErased({ replication, record }: NodeProbe, run: string): boolean {
  return record === null && replication.role === 'master' && replication.run === run
}

function no(why: string): Judgement {
  return { kind: 'no', why }
}
