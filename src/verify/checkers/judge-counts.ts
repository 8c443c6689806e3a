import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { describeCount } from './count-words.ts'
import { countedOf } from './counted.ts'
import { checkCounter } from './counts.ts'
import type { Judged } from './judged.ts'

/**
 * Judges operations that each add one to a counter, which began at 0.
 * @param final what each counter held at the end, NaN: no count; one that is not in it could not be read
 */
export function judgeCounts(operations: readonly Operation[], final: ReadonlyMap<string, number>): Judged {
  const counts = new Map([...final].filter(([, count]) => !Number.isNaN(count)))
  const { anomalies, unread } = checkCounter({ history: countedOf(operations), final: counts })
  const damaged = unread.filter((id) => final.has(id))
  return {
    anomalies: [...damaged.map(noCount), ...anomalies.map(describeCount)],
    unread: unread.filter((id) => !final.has(id)),
    notes: [],
  }
}

function noCount(id: string): Anomaly {
  return { kind: 'wrong', count: 1, words: `${id} holds something at the end that is no count`, atMs: null }
}
