import type { Anomaly } from '../workloads/workload.ts'
import type { Counted } from './counted.ts'
import type { CountAnomaly } from './counts.ts'
import { be, moment, several } from './words.ts'

/** What the counter's checker found, in words. */
export function describeCount(anomaly: CountAnomaly): Anomaly {
  const { kind, id } = anomaly
  switch (kind) {
    case 'lost': {
      const count = anomaly.atLeast - anomaly.final
      const words = `${id} was counted to ${anomaly.atLeast} and holds ${anomaly.final} at the end: ${several(count, 'acknowledged count')} ${be(count)} lost`
      return { kind, count, words, atMs: null }
    }
    case 'extra': {
      const count = anomaly.final - anomaly.atMost
      const words = `${id} holds ${anomaly.final} at the end, and at most ${several(anomaly.atMost, 'call')} can have counted: ${several(count, 'count')} too many`
      return { kind, count, words, atMs: null }
    }
    case 'twice': {
      const { first, second } = anomaly
      const words = `${id}: ${answerOf(first)} was answered twice, to ${whose(first)} and to ${whose(second)}`
      return { kind, count: 1, words, atMs: second.endMs }
    }
    case 'back': {
      const { earlier, later } = anomaly
      const words = `${id} went back: ${whose(earlier)} was answered ${answerOf(earlier)}, and later ${whose(later)} was answered ${answerOf(later)}`
      return { kind, count: 1, words, atMs: later.endMs }
    }
    case 'reset': {
      const { earlier, later } = anomaly
      const words = `${id} began again: ${whose(earlier)} was answered ${answerOf(earlier)}, and later ${whose(later)} was answered ${answerOf(later)}`
      return { kind, count: 1, words, atMs: later.endMs }
    }
    case 'wrong': {
      const { operation, atLeast, atMost } = anomaly
      const expected = atLeast === atMost ? `${atLeast}` : `${atLeast} to ${atMost}`
      const words = `${id}: ${whose(operation)} was answered ${answerOf(operation)}, where ${expected} is right`
      return { kind, count: 1, words, atMs: operation.endMs }
    }
  }
}

function answerOf({ outcome }: Counted): string {
  return outcome.kind === 'ok' ? String(outcome.answer) : outcome.why
}

function whose({ caller, startMs, endMs }: Counted): string {
  return `caller ${caller} (${moment(startMs)} to ${moment(endMs)})`
}
