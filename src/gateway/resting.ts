/** What is kept although nothing uses it now. */
export interface Restful {
  /** When it was last used (ms of performance.now()). */
  readonly restsSinceMs: number
  /** Unless it is in use again. */
  readonly giveUp: () => void
}

const restMs = 1000
const lookEveryMs = 500

/** Gives up what has not been used for a second: one timer for all, and none while there is nothing. */
export class Resting {
  private readonly all = new Set<Restful>()
  private timer: NodeJS.Timeout | null = null

  add(one: Restful): void {
    this.all.add(one)
    this.timer ??= setInterval(() => {
      this.look()
    }, lookEveryMs).unref()
  }

  private look(): void {
    const untilMs = performance.now() - restMs
    for (const one of this.all) {
      if (one.restsSinceMs > untilMs) continue
      this.all.delete(one)
      one.giveUp()
    }
    if (this.all.size > 0 || this.timer === null) return
    clearInterval(this.timer)
    this.timer = null
  }
}
