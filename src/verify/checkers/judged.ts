import type { Operation } from '../operation.ts'
import type { Anomaly, WorkloadVerdict } from '../workloads/workload.ts'

/** What a checker found in the operations of one workload. */
export interface Judged {
  readonly anomalies: readonly Anomaly[]
  /** Keys that were used, and whose value at the end is not known. */
  readonly unread: readonly string[]
  /** See `WorkloadVerdict.notes`. */
  readonly notes: readonly string[]
}

/** What was found, as the verdict of that workload. */
export function verdictOf(
  workload: string,
  operations: readonly Operation[],
  judged: Judged,
): WorkloadVerdict {
  const counted = { ok: 0, unknown: 0, refused: 0 }
  for (const { outcome } of operations) counted[outcome.kind] += 1
  const { anomalies, unread } = judged
  const missing = [
    ...(unread.length === 0 ? [] : [`not read at the end: ${listed(unread)}`]),
    ...(counted.ok > 0 ? [] : ['no call was answered, so that nothing is proved']),
  ]
  return {
    workload,
    result: anomalies.length > 0 ? 'violated' : missing.length > 0 ? 'unproved' : 'sound',
    anomalies,
    acknowledged: counted.ok,
    unknown: counted.unknown,
    refused: counted.refused,
    notes: [...judged.notes, ...missing],
  }
}

function listed(keys: readonly string[]): string {
  const rest = keys.length - 5
  return keys.slice(0, 5).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
