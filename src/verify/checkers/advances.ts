import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import type { Judged } from './judged.ts'
import { be, moment, several } from './words.ts'

/**
 * Judges a program that counts by GET and SET of one more, and that begins again at 1 whenever GET fails. Each key has one
 * caller, with one call at a time, and began empty: GET gives what was SET last. A SET that went unanswered may take effect once,
 * at any later time. What the program throws away because an error reached it is noted, not accused.
 * @param final what each key holds at the end; one that is not in it could not be read
 */
export function checkAdvances(operations: readonly Operation[], final: ReadonlyMap<string, number>): Judged {
  const byKey = Map.groupBy(operations, ({ call }) => (call.do === 'advance' ? call.key : ''))
  byKey.delete('')
  const programs = [...byKey].map(([key, all]) => follow(key, all, final.get(key)))
  const errors = operations.filter(({ call }) => call.do === 'advance' && call.read === null).length
  const own = programs.reduce((sum, { thrownAway }) => sum + thrownAway, 0)
  const note =
    errors === 0
      ? 'no error reached the program'
      : `${several(errors, 'error')} reached the program, which then began again at 1: ${several(own, 'count')} ${be(own)} lost by its own hand`
  return {
    anomalies: programs.flatMap(({ anomalies }) => anomalies),
    unread: [...byKey.keys()].filter((key) => !final.has(key)),
    notes: [note],
  }
}

interface Followed {
  readonly anomalies: readonly Anomaly[]
  /** Counts that were there when the program wrote a smaller one. */
  readonly thrownAway: number
}

function follow(key: string, operations: readonly Operation[], final: number | undefined): Followed {
  const anomalies: Anomaly[] = []
  const late = new Map<number, number>()
  let last = 0
  let thrownAway = 0
  /** @returns whether it may be there */
  const see = (value: number): boolean => {
    if (value === last) return true
    const times = late.get(value) ?? 0
    if (times === 0) return false
    late.set(value, times - 1)
    thrownAway += Math.max(0, last - value)
    return true
  }
  for (const { call, outcome, startMs, endMs } of operations.toSorted((a, b) => a.startMs - b.startMs)) {
    if (call.do !== 'advance') continue
    if (call.read !== null) {
      if (!see(call.read)) {
        const kind = call.read > last ? 'extra' : call.read === 0 ? 'reset' : 'back'
        const words = `${key} held ${call.read} at ${moment(startMs)}, where ${last} was what it held last`
        anomalies.push({ kind, count: Math.abs(last - call.read) || 1, words, atMs: endMs })
      }
      last = call.read
    }
    if (call.wrote === null || outcome.kind === 'refused') continue
    if (outcome.kind === 'ok') last = call.wrote
    else late.set(call.wrote, (late.get(call.wrote) ?? 0) + 1)
  }
  if (final !== undefined && !see(final)) {
    const missing = last - final
    const verdict =
      missing > 0
        ? `${several(missing, 'acknowledged count')} ${be(missing)} lost`
        : `${several(-missing, 'count')} too many`
    const words = `${key} was counted to ${last} and holds ${final} at the end: ${verdict}`
    anomalies.push({ kind: missing > 0 ? 'lost' : 'extra', count: Math.abs(missing), words, atMs: null })
  }
  return { anomalies, thrownAway }
}
