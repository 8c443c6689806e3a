import type { Confirmable } from './confirmer.ts'

/** Takes part in confirmations only to know since when the primary has answered: by then it had answered everything else. */
export class Listener implements Confirmable {
  /** When the last round began that has succeeded (ms of performance.now()). */
  answeredMs = 0
  private begunMs = 0

  beginRound(): void {
    this.begunMs = performance.now()
  }

  confirmed(): void {
    this.answeredMs = this.begunMs
  }
}

/** Wants a confirmation to happen, and nothing of it. */
export const nobody: Confirmable = { beginRound: () => undefined, confirmed: () => undefined }
