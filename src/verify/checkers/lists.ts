import type { Operation } from '../operation.ts'
import type { Anomaly } from '../workloads/workload.ts'
import { checkAnswers } from './answered-counts.ts'
import { describeCount } from './count-words.ts'
import { countedOf } from './counted.ts'
import type { Judged } from './judged.ts'
import { be, moment, quoted, several } from './words.ts'

/** A value that was pushed, and what its caller was told. */
interface Pushed extends Operation {
  readonly key: string
  readonly value: string
}

/**
 * Judges RPUSH of values that are all different to lists that began empty: at the end each acknowledged value is there once, an
 * unknown one at most once, and a value stands before another one whose push began after its own had ended. The lengths that were
 * answered are judged as counts, and say where each value stands.
 * @param final the lists at the end; one that is not in it could not be read
 */
export function checkLists(
  operations: readonly Operation[],
  final: ReadonlyMap<string, readonly string[]>,
): Judged {
  const pushes = operations.flatMap((operation): Pushed[] => {
    const { call } = operation
    return call.do === 'append' ? [{ ...operation, key: call.key, value: call.value }] : []
  })
  const byKey = Map.groupBy(pushes, ({ key }) => key)
  const anomalies = [...byKey].flatMap(([key, pushed]) => {
    const list = final.get(key)
    const answers = checkAnswers(key, countedOf(pushed), 0).map(describeCount)
    const contents = list === undefined ? [] : checkContents(key, pushed, list)
    const places = list === undefined || contents.length > 0 ? [] : checkPlaces(key, pushed, list)
    return [...contents, ...places, ...answers]
  })
  const values = [...final.values()].reduce((sum, list) => sum + list.length, 0)
  return {
    anomalies,
    unread: [...byKey.keys()].filter((key) => !final.has(key)),
    notes: [`${several(values, 'value')} read at the end, in ${several(final.size, 'list')}`],
  }
}

function checkContents(key: string, pushed: readonly Pushed[], list: readonly string[]): Anomaly[] {
  const times = new Map<string, number>()
  for (const value of list) times.set(value, (times.get(value) ?? 0) + 1)
  const byValue = new Map(pushed.map((each) => [each.value, each]))
  const lost = pushed.filter(({ outcome, value }) => outcome.kind === 'ok' && !times.has(value))
  const twice = [...times].filter(([, count]) => count > 1)
  const refused = pushed.filter(({ outcome, value }) => outcome.kind === 'refused' && times.has(value))
  const foreign = [...times.keys()].filter((value) => !byValue.has(value))
  const [firstLost] = lost
  const found: Anomaly[] = []
  if (firstLost) {
    const words = `${key}: ${several(lost.length, 'acknowledged value')} ${be(lost.length)} not in the list at the end, the first ${quoted(firstLost.value)}, which was answered at ${moment(firstLost.endMs)}`
    found.push({ kind: 'lost', count: lost.length, words, atMs: null })
  }
  for (const [value, count] of twice)
    found.push({
      kind: 'twice',
      count: count - 1,
      words: `${key}: ${quoted(value)} was pushed once and is in the list ${count} times`,
      atMs: null,
    })
  for (const { value } of refused)
    found.push({
      kind: 'extra',
      count: 1,
      words: `${key}: ${quoted(value)} is in the list, and its push was answered that it did not run`,
      atMs: null,
    })
  for (const value of foreign)
    found.push({
      kind: 'wrong',
      count: 1,
      words: `${key}: ${quoted(value)} is in the list, and nobody pushed it`,
      atMs: null,
    })
  return [...found, ...checkOrder(key, byValue, list)]
}

/** From the left: nothing may have ended before something that stands left of it began. Once a step back, as for counts. */
function checkOrder(
  key: string,
  byValue: ReadonlyMap<string, Pushed>,
  list: readonly string[],
): readonly Anomaly[] {
  const found: Anomaly[] = []
  let latest: Pushed | undefined
  for (const value of list) {
    const pushed = byValue.get(value)
    if (!pushed) continue
    if (latest && pushed.outcome.kind === 'ok' && pushed.endMs < latest.startMs) {
      const words = `${key}: ${quoted(latest.value)} stands before ${quoted(value)}, whose push had ended (${moment(pushed.endMs)}) when that one began (${moment(latest.startMs)})`
      found.push({ kind: 'order', count: 1, words, atMs: null })
      latest = pushed
    } else if (!latest || pushed.startMs > latest.startMs) latest = pushed
  }
  return found
}

/** The length that was answered is the place at which the value stands. The first that does not fit stands for those after it. */
function checkPlaces(key: string, pushed: readonly Pushed[], list: readonly string[]): readonly Anomaly[] {
  for (const { value, outcome, endMs } of pushed) {
    if (outcome.kind !== 'ok' || typeof outcome.answer !== 'number') continue
    if (list[outcome.answer - 1] === value) continue
    const place = list.indexOf(value) + 1
    const words = `${key}: ${quoted(value)} was answered the length ${outcome.answer} and is at place ${place} at the end`
    return [{ kind: 'wrong', count: 1, words, atMs: endMs }]
  }
  return []
}
