import type { Fault } from '../verify/faults/fault.ts'
import { whyNot, type PlanFacts } from '../verify/plan.ts'
import type { Workload } from '../verify/workloads/workload.ts'
import type { Colors } from './status-text.ts'
import { formatTable } from './table.ts'

/** What `verify --list --json` prints. Fields are added, never renamed. */
export interface VerifyList {
  readonly workloads: readonly {
    readonly name: string
    readonly description: string
    readonly why: string | null
  }[]
  readonly faults: readonly {
    readonly name: string
    readonly description: string
    /** In the mix that `verify` takes without being told. */
    readonly ordinary: boolean
    readonly destroys: boolean
    readonly lastsMs: number
    /** Why it cannot be had here; null: it can. */
    readonly why: string | null
  }[]
}

export function listOf(
  workloads: readonly Workload[],
  faults: readonly Fault[],
  facts: PlanFacts,
  whyNoWorkload: (workload: Workload) => string | null,
): VerifyList {
  return {
    workloads: workloads.map((workload) => ({
      name: workload.name,
      description: workload.description,
      why: whyNoWorkload(workload),
    })),
    faults: faults.map((fault) => ({
      name: fault.name,
      description: fault.description,
      ordinary: fault.ordinary,
      destroys: fault.destroys !== undefined,
      lastsMs: fault.lastsMs,
      why: whyNot(fault, facts),
    })),
  }
}

/** As a person reads it. */
export function formatList({ workloads, faults }: VerifyList, colors: Colors): readonly string[] {
  const can = (why: string | null): string => (why === null ? '' : colors.yellow(why))
  const workloadRows = workloads.map(({ name, description, why }) => [name, description, can(why)])
  const faultRows = faults.map(({ name, description, ordinary, why }) => [
    ordinary ? `${name} *` : name,
    description,
    can(why),
  ])
  const heading = (name: string, rows: readonly (readonly string[])[]): readonly string[] =>
    rows.every((row) => row[2] === '') ? [name, 'WHAT IT DOES'] : [name, 'WHAT IT DOES', 'NOT HERE, BECAUSE']
  return [
    ...formatTable([heading('WORKLOAD', workloadRows), ...workloadRows]),
    '',
    ...formatTable([heading('FAULT', faultRows), ...faultRows]),
    '',
    '* part of the ordinary mix, which verify takes when it is told nothing',
  ]
}
