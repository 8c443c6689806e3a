import { duration, markdownTable, thousands } from '../support/markdown.ts'
import { highest, total } from '../support/statistics.ts'
import { described } from './fault.ts'
import type { FaultResult } from './judge-fault.ts'
import { load } from './load.ts'
import type { FailoverResults } from './report.ts'

/** One line a fault, the systems beside each other, for who reads no more than the README. Callers and front door together. */
export function comparison({ all, kinds }: FailoverResults): string {
  const columns = ['errors', 'lost', 'back', 'longest wait']
  const table = markdownTable(
    [
      'fault',
      ...all.flatMap(({ system }) =>
        columns.map((column, index) => (index === 0 ? `${system.title}: ${column}` : column)),
      ),
    ],
    kinds.map((fault) => [
      described[fault].title,
      ...all.flatMap(({ results }) => cells(results[fault] ?? [])),
    ]),
  )
  const faults = all.map(({ system, results }) => {
    const counts = [...new Set(kinds.map((fault) => results[fault]?.length ?? 0))]
    return `${counts.join(' or ')} at ${system.title}`
  })
  const { callers, callsPerSecond, frontCallsPerSecond } = load
  return [
    table,
    `Faults of each kind, whose errors and losses are summed: ${faults.join(', ')}; under ${thousands(callers * callsPerSecond)} calls of INCR and ` +
      `${frontCallsPerSecond} calls at the front door a second; of the waits the longest.`,
  ].join('\n\n')
}

function cells(these: readonly FaultResult[]): readonly string[] {
  if (these.length === 0) return ['–', '–', '–', '–']
  const errors = these.flatMap((one) => [...Object.values(one.errors), ...Object.values(one.frontErrors)])
  const lost = total(these.map((one) => one.lost))
  const acknowledged = total(these.map((one) => one.acknowledged))
  return [
    thousands(total(errors)),
    lost === 0 ? '0' : `${thousands(lost)} of ${thousands(acknowledged)}`,
    thousands(total(these.map((one) => one.back))),
    duration(highest(these.flatMap(({ pauseMs, frontPauseMs }) => [pauseMs, frontPauseMs]))),
  ]
}
