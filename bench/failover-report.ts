import type { Rounds } from './failover.ts'
import { duration, markdownTable, thousands } from './support/markdown.ts'
import type { Round } from './support/round.ts'
import { highest, median, total } from './support/statistics.ts'

export interface FailoverResults {
  readonly ours: Rounds
  readonly peer: Rounds
  readonly rounds: number
  readonly load: { readonly writers: number; readonly callers: number; readonly callsPerSecond: number }
  readonly hangMs: number
}

/** Two tables (how long, and what was lost) and what they were measured with. */
export function failoverReport({ ours, peer, rounds, load, hangMs }: FailoverResults): string {
  const hung = `primary hung ${hangMs / 1000} s (SIGSTOP)`
  const lines: readonly (readonly [string, readonly Round[]])[] = [
    ['Holdfast: switchover', ours.switchover],
    ['Holdfast: primary killed (kill -9)', ours.kill],
    [`Holdfast: ${hung}`, ours.hang],
    ['HAProxy + Sentinel: SENTINEL FAILOVER', peer.switchover],
    ['HAProxy + Sentinel: primary killed', peer.kill],
    [`HAProxy + Sentinel: ${hung}`, peer.hang],
  ]
  const times = markdownTable(
    [
      `median / max of ${rounds} rounds`,
      'first write acknowledged after the fault',
      "a writer's longest call",
      "a writer's longest wait for a count",
      'longest request at the front door',
    ],
    lines.map(([what, all]) => [
      what,
      // In a planned change the old primary goes on for a while: that says nothing.
      all === ours.switchover || all === peer.switchover ? '–' : spread(all, 'firstWriteMs'),
      spread(all, 'writeLongestMs'),
      spread(all, 'waitLongestMs'),
      spread(all, 'frontLongestMs'),
    ]),
  )
  const counts = markdownTable(
    [
      `sum of ${rounds} rounds`,
      'acknowledged',
      'of these lost',
      'twice',
      'back',
      'otherwise wrong',
      "writers' errors",
      'front door errors',
    ],
    lines.map(([what, all]) => [
      what,
      thousands(total(all.map((round) => round.acknowledged))),
      ...(['lost', 'twice', 'back', 'other'] as const).map((key) =>
        thousands(total(all.map((round) => round[key]))),
      ),
      errors(all.map((round) => round.writeErrors)),
      what.startsWith('Holdfast') ? errors(all.map((round) => round.frontErrors)) : '–',
    ]),
  )
  const explained =
    `Load: ${load.writers} writers that each INCR a key of their own, one call at a time without a pause, straight at the gateway or HAProxy; ` +
    `with Holdfast at the same time ${load.callsPerSecond} calls/s at the front door on up to ${load.callers} connections, ` +
    'timed from when each was due. "Twice" and "back" are events that the checker (src/verify) found, "lost" counts missing at the end.'
  return `${times}\n\n${counts}\n\n${explained}`
}

type Times = 'firstWriteMs' | 'writeLongestMs' | 'waitLongestMs' | 'frontLongestMs'

function spread(all: readonly Round[], key: Times): string {
  const values = all.map((round) => round[key])
  return values.some(Number.isNaN) ? '–' : `${duration(median(values))} / ${duration(highest(values))}`
}

function errors(all: readonly Readonly<Record<string, number>>[]): string {
  const sums = new Map<string, number>()
  for (const [why, count] of all.flatMap((each) => Object.entries(each)))
    sums.set(why, (sums.get(why) ?? 0) + count)
  return sums.size === 0 ? '0' : [...sums].map(([why, count]) => `${thousands(count)} ${why}`).join(', ')
}
