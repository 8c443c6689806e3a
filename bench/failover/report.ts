import { duration, markdownTable, thousands } from '../support/markdown.ts'
import { highest, median, percentile, total } from '../support/statistics.ts'
import { described, type Fault } from './fault.ts'
import { firstPauseMs, type FaultResult } from './judge-fault.ts'
import { load } from './load.ts'
import type { System } from './system.ts'

export interface SystemResults {
  readonly system: Pick<System, 'name' | 'title'>
  readonly results: Readonly<Partial<Record<Fault, readonly FaultResult[]>>>
}

export interface FailoverResults {
  readonly all: readonly SystemResults[]
  readonly kinds: readonly Fault[]
}

/** Two tables (how long, and what was lost) and what they were measured with. */
export function failoverReport({ all, kinds }: FailoverResults): string {
  const lines = all.flatMap(({ system, results }) =>
    kinds.map((fault) => ({ system, fault, these: results[fault] ?? [] })),
  )
  const times = markdownTable(
    [
      'longest pause, median / 99th percentile / maximum',
      'faults',
      'of an INCR caller',
      'aim',
      `later than ${firstPauseMs / 1000} s after the fault began`,
      'at the front door',
    ],
    lines.map(({ system, fault, these }) => [
      `${system.title}: ${described[fault].title}`,
      String(these.length),
      spread(these, 'pauseMs'),
      system.name === 'holdfast' ? described[fault].aim : '',
      spread(these, 'laterMs'),
      spread(these, 'frontPauseMs'),
    ]),
  )
  const counts = markdownTable(
    [
      'sum of all faults of a kind',
      'faults',
      'acknowledged',
      'of these lost',
      'twice',
      'back',
      'otherwise wrong',
      'errors of INCR callers',
      'errors at the front door',
    ],
    lines.map(({ system, fault, these }) => [
      `${system.title}: ${described[fault].title}`,
      String(these.length),
      ...(['acknowledged', 'lost', 'twice', 'back', 'other'] as const).map((key) =>
        thousands(total(these.map((one) => one[key]))),
      ),
      errors(these.map((one) => one.errors)),
      errors(these.map((one) => one.frontErrors)),
    ]),
  )
  const { callers, callsPerSecond, frontCallers, frontCallsPerSecond } = load
  const explained =
    `Load: ${callers} callers, each with a key and a connection of its own, that call INCR ${callsPerSecond} times a second whether or not ` +
    'they were answered, straight at the gateway or HAProxy; and at the same time ' +
    `${frontCallsPerSecond} calls/s at a front door with three bundled counters, on up to ${frontCallers} connections. A pause is the time from when a call was due ` +
    'until it was answered; of a call that failed, until a later one was. "Twice" and "back" are events that the checker (src/verify) found, "lost" counts missing at the end.'
  return [times, counts, explained].join('\n\n')
}

function spread(these: readonly FaultResult[], key: 'pauseMs' | 'laterMs' | 'frontPauseMs'): string {
  const values = these.map((one) => one[key])
  return [median(values), percentile(values, 0.99), highest(values)].map(duration).join(' / ')
}

function errors(all: readonly Readonly<Record<string, number>>[]): string {
  const sums = new Map<string, number>()
  for (const [why, count] of all.flatMap((each) => Object.entries(each)))
    sums.set(why, (sums.get(why) ?? 0) + count)
  return sums.size === 0 ? '0' : [...sums].map(([why, count]) => `${thousands(count)} ${why}`).join(', ')
}
