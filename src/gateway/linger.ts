import { setTimeout as delay } from 'node:timers/promises'

export interface LingerOptions {
  /** How many clients are connected now. */
  readonly sessions: () => number
  /** At most. */
  readonly limitMs: number
  /** Nobody for this long: nobody comes any more. */
  readonly quietMs: number
}

const lookEveryMs = 50

/** Waits until the clients have gone: one that is told to end together with its gateway still has requests to answer. */
export async function untilQuiet({ sessions, limitMs, quietMs }: LingerOptions): Promise<void> {
  const untilMs = performance.now() + limitMs
  let busyMs = performance.now()
  for (;;) {
    const now = performance.now()
    if (sessions() > 0) busyMs = now
    if (now >= untilMs || now - busyMs >= quietMs) return
    await delay(lookEveryMs)
  }
}
