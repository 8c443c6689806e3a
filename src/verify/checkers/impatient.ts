import { abandonedWhy, type Operation } from '../operation.ts'
import { judgeCounts } from './judge-counts.ts'
import type { Judged } from './judged.ts'

/**
 * Judges counts by a client that gives a try up and makes another: each try is a call that may have counted, so what the client
 * doubles by its own hand is within what is allowed, and is noted.
 * @param final as for `judgeCounts`
 */
export function judgeImpatient(operations: readonly Operation[], final: ReadonlyMap<string, number>): Judged {
  const judged = judgeCounts(operations, final)
  const acknowledged = operations.filter(({ outcome }) => outcome.kind === 'ok').length
  const abandoned = operations.filter(
    ({ outcome }) => outcome.kind !== 'ok' && outcome.why === abandonedWhy,
  ).length
  const used = new Set(operations.flatMap(({ call }) => (call.do === 'count' ? [call.key] : [])))
  const counted = [...used].reduce((sum, key) => sum + (final.get(key) ?? NaN), 0)
  const doubled = Number.isNaN(counted)
    ? 'how many of them counted could not be read'
    : `${Math.max(0, counted - acknowledged)} of them counted nonetheless, as the client's own doing`
  return { ...judged, notes: [...judged.notes, `tries given up after 1 s: ${abandoned}; ${doubled}`] }
}
