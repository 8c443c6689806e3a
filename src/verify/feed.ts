import type { Operation } from './operation.ts'
import type { RunningWorkload } from './workloads/workload.ts'

/** All calls of all workloads as they end, each seen once: counted, and handed on to the history. */
export class OperationFeed {
  answered = 0
  /** In the order in which they were seen. */
  readonly operations: Operation[] = []
  private readonly seen = new Map<RunningWorkload, number>()
  private readonly answeredBy = new Map<RunningWorkload, number>()
  private readonly onOperations: (operations: readonly Operation[]) => void

  /** @param onOperations called with those that are new */
  constructor(onOperations: (operations: readonly Operation[]) => void) {
    this.onOperations = onOperations
  }

  add(workload: RunningWorkload): void {
    this.seen.set(workload, 0)
  }

  /** Takes up what has ended since the last time. */
  advance(): void {
    for (const [workload, from] of this.seen) {
      const fresh = workload.operations.slice(from)
      if (fresh.length === 0) continue
      this.seen.set(workload, from + fresh.length)
      const answered = fresh.filter(({ outcome }) => outcome.kind === 'ok').length
      this.answered += answered
      this.answeredBy.set(workload, this.answeredOf(workload) + answered)
      for (const operation of fresh) this.operations.push(operation)
      this.onOperations(fresh)
    }
  }

  answeredOf(workload: RunningWorkload): number {
    return this.answeredBy.get(workload) ?? 0
  }
}
