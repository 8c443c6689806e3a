import { areBehind, type SentinelsState } from './sentinels-state.ts'

/**
 * The last configuration epoch used: sentinels that are behind it are not followed, since they know nothing of what came since.
 * Forgotten when a majority of them stays behind, which is how sentinels look that were set up anew.
 */
export class EpochFloor {
  epoch = 0
  private readonly forgetMs: number
  private behindSinceMs: number | null = null

  constructor(forgetMs: number) {
    this.forgetMs = forgetMs
  }

  used(epoch: number): void {
    this.epoch = epoch
  }

  /** @returns whether it was forgotten */
  saw(state: SentinelsState, nowMs: number): boolean {
    if (!areBehind(state, this.epoch)) {
      this.behindSinceMs = null
      return false
    }
    this.behindSinceMs ??= nowMs
    if (nowMs - this.behindSinceMs < this.forgetMs) return false
    this.epoch = 0
    this.behindSinceMs = null
    return true
  }
}
