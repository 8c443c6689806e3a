import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits for a condition, asking no oftener than that: what asks takes from what is measured.
 * @param look returns what was hoped for, or a text that says what is there instead; what it throws counts as such a text
 * @throws Error with the last thing seen
 */
export async function until<T>(
  what: string,
  withinMs: number,
  askEveryMs: number,
  look: () => Promise<T | string> | T | string,
): Promise<Exclude<T, string>> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    let seen: T | string
    try {
      seen = await look()
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error)
    }
    if (typeof seen !== 'string') return seen as Exclude<T, string>
    if (performance.now() > deadlineMs)
      throw new Error(`${what}: not within ${withinMs} ms; last seen: ${seen}`)
    await delay(askEveryMs)
  }
}
