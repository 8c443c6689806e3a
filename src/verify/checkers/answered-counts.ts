import type { CountAnomaly } from './counts.ts'
import type { Counted, CountedHistory } from './counted.ts'

interface Answered extends Counted {
  readonly outcome: { readonly kind: 'ok'; readonly answer: number }
}

/** Judges the counts that were answered for one id, which began at `initial`. */
export function checkAnswers(id: string, operations: CountedHistory, initial: number): CountAnomaly[] {
  const answered = operations.filter(isAnswered).sort((a, b) => a.startMs - b.startMs)
  const backwards = findBack(id, answered, initial)
  const accused = new Set<Counted>(backwards.map(({ later }) => later))
  const outside = isSequential(operations)
    ? findUnpredicted(id, operations, initial)
    : findOutOfBounds(id, operations, answered, initial)
  return [
    ...findTwice(id, answered),
    ...backwards,
    ...outside.filter((anomaly) => !accused.has(anomaly.operation)),
  ]
}

function isAnswered(operation: Counted): operation is Answered {
  return operation.outcome.kind === 'ok'
}

function findTwice(id: string, answered: readonly Answered[]): CountAnomaly[] {
  const seen = new Map<number, Answered>()
  return answered.flatMap((second) => {
    const first = seen.get(second.outcome.answer)
    seen.set(second.outcome.answer, first ?? second)
    return first ? [{ kind: 'twice' as const, id, first, second }] : []
  })
}

type Back = Extract<CountAnomaly, { kind: 'back' | 'reset' }> & { readonly later: Answered }

/** After a step back the lower count is the new measure: what it was measured against counts no longer. */
function findBack(id: string, byStart: readonly Answered[], initial: number): Back[] {
  const byEnd = byStart.toSorted((a, b) => a.endMs - b.endMs)
  const found: Back[] = []
  let ended = 0
  let highest: Answered | undefined
  let validFromMs = -Infinity
  for (const later of byStart) {
    for (let next = byEnd[ended]; next && next.endMs < later.startMs; next = byEnd[++ended])
      if (next.startMs >= validFromMs && next.outcome.answer > (highest?.outcome.answer ?? -Infinity))
        highest = next
    if (!highest || later.outcome.answer > highest.outcome.answer) continue
    const kind = later.outcome.answer <= Math.max(initial, 1) ? 'reset' : 'back'
    found.push({ kind, id, earlier: highest, later })
    highest = later
    validFromMs = later.startMs
  }
  return found
}

type Wrong = Extract<CountAnomaly, { kind: 'wrong' }>

/** One caller, one call at a time: every count is predicted, as a range while unknown calls may still count. */
function isSequential(operations: CountedHistory): boolean {
  const byStart = operations.toSorted((a, b) => a.startMs - b.startMs)
  return byStart.every((operation, index) => {
    const previous = byStart[index - 1]
    return !previous || (previous.caller === operation.caller && previous.endMs <= operation.startMs)
  })
}

function findUnpredicted(id: string, operations: CountedHistory, initial: number): Wrong[] {
  const found: Wrong[] = []
  let last = initial
  let mayStillCount = 0
  for (const operation of operations.toSorted((a, b) => a.startMs - b.startMs)) {
    if (operation.outcome.kind === 'unknown') mayStillCount += 1
    if (!isAnswered(operation)) continue
    const { answer: count } = operation.outcome
    const atLeast = last + 1
    const atMost = atLeast + mayStillCount
    if (count < atLeast || count > atMost) found.push({ kind: 'wrong', id, operation, atLeast, atMost })
    else mayStillCount -= count - atLeast
    last = count
  }
  return found
}

/**
 * Several callers: a count is above all that had been answered when its call began, and not above all calls
 * that had begun when it ended. A shift (all counts too high by a constant) is reported once.
 */
function findOutOfBounds(
  id: string,
  operations: CountedHistory,
  answered: readonly Answered[],
  initial: number,
): Wrong[] {
  const starts = sorted(
    operations.filter(({ outcome }) => outcome.kind !== 'refused').map(({ startMs }) => startMs),
  )
  const ends = sorted(answered.map(({ endMs }) => endMs))
  const found: Wrong[] = []
  let shift = 0
  for (const operation of answered) {
    const { answer: count } = operation.outcome
    const atLeast = initial + below(ends, operation.startMs) + 1
    const atMost = initial + below(starts, operation.endMs, true)
    if (count >= Math.min(atLeast, atLeast + shift) && count <= Math.max(atMost, atMost + shift)) continue
    found.push({ kind: 'wrong', id, operation, atLeast, atMost })
    shift = count < atLeast ? count - atLeast : count - atMost
  }
  return found
}

function sorted(times: readonly number[]): readonly number[] {
  return times.toSorted((a, b) => a - b)
}

/** How many of the ascending `times` are before `limit` (or at it). */
function below(times: readonly number[], limit: number, inclusive = false): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const time = times[middle] ?? Infinity
    if (time < limit || (inclusive && time === limit)) low = middle + 1
    else high = middle
  }
  return low
}
