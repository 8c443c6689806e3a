import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits for a condition, with a limit, and fails with the last thing seen.
 * @param look returns what was hoped for, or a text that says what is there instead; what it throws counts as such a text
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | string> | T | string,
): Promise<Exclude<T, string>> {
  const deadline = performance.now() + withinMs
  let last: string
  for (;;) {
    try {
      const seen = await look()
      if (typeof seen !== 'string') return seen as Exclude<T, string>
      last = seen
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${String(withinMs)} ms; last seen: ${last}`)
    await delay(20)
  }
}
