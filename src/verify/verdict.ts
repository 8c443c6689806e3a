import { amount, counted, duration, kinds, sumOf } from './report/words.ts'
import type { FaultResult, VerifyResult } from './result.ts'
import type { Anomaly, WorkloadVerdict } from './workloads/workload.ts'

export interface ClosingCheck {
  readonly name: string
  readonly passed: boolean
  readonly words: string
  /** It failed, and that is a breach of what is promised; otherwise only something that could not be healed or seen. */
  readonly violates?: boolean
}

export interface Findings {
  readonly workloads: readonly WorkloadVerdict[]
  readonly faults: readonly FaultResult[]
  readonly closing: readonly ClosingCheck[]
  readonly totals: VerifyResult['totals']
  readonly durationMs: number
  /** Why the run ended before its time, or something could not be looked at. */
  readonly doubts: readonly string[]
}

const anomaliesInWords = 3

/** What the findings come to, and the same in sentences. */
export function judgeFindings(found: Findings): Pick<VerifyResult, 'verdict' | 'words'> {
  const broken = breaches(found)
  const doubts = doubtsOf(found)
  if (broken.length > 0) return { verdict: 'violated', words: [...violatedWords(found, broken), ...doubts] }
  if (doubts.length > 0)
    return { verdict: 'unproved', words: ['Nothing wrong was seen, but it is not proved.', ...doubts] }
  return { verdict: 'proved', words: provedWords(found) }
}

/** Anomalies as the totals count them. A count that was reset went back. */
export function countAnomalies(
  verdicts: readonly WorkloadVerdict[],
): Pick<VerifyResult['totals'], 'lost' | 'twice' | 'back' | 'other'> {
  const totals = { lost: 0, twice: 0, back: 0, other: 0 }
  for (const { kind, count } of verdicts.flatMap(({ anomalies }) => anomalies))
    totals[columnOf(kind)] += count
  return totals
}

function columnOf(kind: Anomaly['kind']): 'lost' | 'twice' | 'back' | 'other' {
  switch (kind) {
    case 'lost':
    case 'twice':
    case 'back':
      return kind
    case 'reset':
      return 'back'
    case 'extra':
    case 'wrong':
    case 'order':
    case 'stale':
    case 'sum':
      return 'other'
    default:
      return kind satisfies never
  }
}

/** Each as half a sentence. */
function breaches({ totals, closing }: Findings): readonly string[] {
  const { lost, twice, back, other } = totals
  const errors = sumOf(totals.errors)
  return [
    ...(lost > 0 ? [`${counted(lost, 'acknowledged call')} lost`] : []),
    ...(twice > 0 ? [`${amount(twice)} counted twice`] : []),
    ...(back > 0 ? [`${amount(back)} gone back`] : []),
    ...(other > 0 ? [`${amount(other)} wrong in another way`] : []),
    ...(errors > 0 ? [`${counted(errors, 'error')} that clients saw and no fault explains`] : []),
    ...closing
      .filter(({ passed, violates }) => !passed && violates === true)
      .map(({ name }) => `"${name}" does not hold afterwards`),
  ]
}

function violatedWords(
  { workloads, totals, closing }: Findings,
  broken: readonly string[],
): readonly string[] {
  const sentence = broken.join(', ')
  const anomalies = workloads.flatMap(({ workload, anomalies: all }) =>
    all.map(({ words }) => `${workload}: ${words}`),
  )
  const more = anomalies.length - anomaliesInWords
  return [
    `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
    ...anomalies.slice(0, anomaliesInWords),
    ...(more > 0 ? [`And ${amount(more)} more of this kind.`] : []),
    ...(sumOf(totals.errors) > 0 ? [`Errors that no fault explains: ${kinds(totals.errors)}.`] : []),
    ...failedChecks(closing.filter(({ violates }) => violates === true)),
  ]
}

function doubtsOf({ workloads, faults, closing, totals, doubts }: Findings): readonly string[] {
  const unread = workloads.filter(({ result }) => result === 'unproved')
  const failed = faults.filter((fault) => fault.failed !== null)
  const unhealed = faults.filter(({ healthyMs }) => healthyMs === null)
  return [
    ...doubts,
    ...(totals.acknowledged === 0 ? ['No call was answered at all.'] : []),
    ...unread.map(({ workload, notes }) => `${workload} could not be judged: ${notes.join('; ')}`),
    ...failed.map(({ name, failed: why }) => `${name} did not do what it should: ${why ?? ''}`),
    ...unhealed.map(({ name }) => `After ${name} not everything was healthy again in time.`),
    ...failedChecks(closing.filter(({ violates }) => violates !== true)),
  ]
}

function failedChecks(closing: readonly ClosingCheck[]): readonly string[] {
  return closing.filter(({ passed }) => !passed).map(({ name, words }) => `Afterwards, ${name}: ${words}`)
}

function provedWords({ totals, faults, workloads, durationMs }: Findings): readonly string[] {
  const explained = sumOf(totals.explained)
  const done = faults.length === 0 ? 'No fault' : counted(faults.length, 'fault')
  return [
    explained === 0
      ? 'Nothing was lost, nothing counted twice, nothing went back, and no client saw an error.'
      : 'Nothing was lost, nothing counted twice, and nothing went back.',
    `${done} in ${duration(durationMs)}: ${counted(totals.acknowledged, 'call')} of ` +
      `${counted(workloads.length, 'workload')} ${totals.acknowledged === 1 ? 'was' : 'were'} answered, each had its effect exactly once. ` +
      `The longest silence was ${duration(totals.longestGapMs)}, the longest call ${duration(totals.longestCallMs)}.`,
    ...(explained === 0
      ? []
      : [
          `${counted(explained, 'error')} (${kinds(totals.explained)}) ${explained === 1 ? 'is' : 'are'} explained by a fault: ` +
            'what a process that died had in hand, or too few nodes while it lasted. No other error was seen.',
        ]),
  ]
}
