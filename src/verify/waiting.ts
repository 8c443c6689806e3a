import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'

export interface WaitOptions {
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly everyMs?: number
}

/**
 * Asks again and again until the answer is true.
 * @param check true, or what is there instead; what it throws counts as such words
 * @throws HoldfastError TIMEOUT with the last words; the signal's reason when that is aborted
 */
export async function waitUntil(
  what: string,
  { limitMs, signal, everyMs = 100 }: WaitOptions,
  check: () => Promise<true | string> | true | string,
): Promise<void> {
  const deadline = performance.now() + limitMs
  for (;;) {
    signal.throwIfAborted()
    let said: true | string
    try {
      said = await check()
    } catch (error) {
      said = error instanceof Error ? error.message : String(error)
    }
    if (said === true) return
    if (performance.now() >= deadline) {
      throw new HoldfastError('TIMEOUT', `${what}: not within ${limitMs / 1000} s; last seen: ${said}`)
    }
    await pause(everyMs, signal)
  }
}

/** Rejects with the signal's reason when that is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await delay(milliseconds, undefined, { signal }).catch(() => {
    signal.throwIfAborted()
  })
}
