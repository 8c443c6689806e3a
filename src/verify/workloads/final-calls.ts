import type { Operation, Outcome } from '../operation.ts'

/** Tries of one id: something that was killed may need a moment. */
const tries = 3

/**
 * Reads a counter's final counts the only way that every counter has: by calling each id once more, which itself counts one.
 * These calls are calls like all others, so one that goes unanswered only widens what is allowed.
 * @param probes takes the calls that were made for it: they belong to the history that is judged with these counts
 * @returns the count of each id that answered
 */
export async function readByCalling(
  operations: readonly Operation[],
  now: () => number,
  call: (id: string) => Promise<Outcome<number>>,
  probes: Operation[],
): Promise<ReadonlyMap<string, number>> {
  const final = new Map<string, number>()
  // An id of one caller stays one of that caller, of which every count is predicted.
  const last = new Map(
    operations.flatMap((each) => (each.call.do === 'count' ? [[each.call.key, each] as const] : [])),
  )
  for (const [id, example] of last)
    for (let attempt = 0; attempt < tries && !final.has(id); attempt += 1) {
      const startMs = now()
      const outcome = await call(id)
      probes.push({ ...example, dueMs: startMs, startMs, endMs: now(), outcome })
      if (outcome.kind === 'ok') final.set(id, outcome.answer)
    }
  return final
}
