import type { FailoverMoment } from '../discovery/options.ts'

/** One log line a failover: milliseconds since its first moment; null: nobody told. No names, keys or values. */
interface FailoverLine {
  /** The gateway lost the primary that was. */
  readonly lostMs: number | null
  /** Enough sentinels agreed that it is down; null in a failover that was asked for. */
  readonly downMs: number | null
  /** A sentinel became the leader of the failover. */
  readonly electedMs: number | null
  /** It chose whom to promote. */
  readonly selectedMs: number | null
  /** The promoted node said master: to that sentinel, and to this gateway when it asked. */
  readonly promotedMs: number | null
  readonly masterMs: number | null
  /** A sentinel announced it. */
  readonly switchedMs: number | null
  /** It qualified, and the gateway went over. */
  readonly takenMs: number | null
  /** The first confirmation under it. */
  readonly resumedMs: number
  /** From the loss (from `takenMs` when nothing was lost before) to the first confirmation. */
  readonly pausedMs: number
}

/** What a sentinel told this long before the loss belongs to an earlier failover. */
const belongsForMs = 15_000

interface Times {
  readonly first: number
  readonly last: number
}

/** Gathers the moments of a failover, in whatever order they come and however often: every sentinel tells, and some try in vain. */
export class FailoverTimeline {
  private readonly times = new Map<FailoverMoment, Times>()
  private hadPrimary = false

  add(moment: FailoverMoment, atMs: number): void {
    this.times.set(moment, { first: this.times.get(moment)?.first ?? atMs, last: atMs })
  }

  /** The link to the same primary is there again: this was no failover. */
  recovered(): void {
    this.times.delete('lost')
  }

  /**
   * The first confirmation after a loss or under a new primary.
   * @returns the line of the failover that ends with it; null when no primary was taken up since the last one, or none was
   *   ever there before
   */
  resumed(atMs: number): FailoverLine | null {
    const takenAtMs = this.times.get('taken')?.last
    if (takenAtMs === undefined) return null
    const line = this.hadPrimary ? this.line(takenAtMs, atMs) : null
    this.hadPrimary = true
    this.times.clear()
    return line
  }

  private line(takenAtMs: number, resumedAtMs: number): FailoverLine {
    const lostAtMs = this.times.get('lost')?.first ?? takenAtMs
    for (const [moment, { last }] of this.times) if (last < lostAtMs - belongsForMs) this.times.delete(moment)
    const electedAtMs = this.times.get('elected')?.last
    const at: Readonly<Record<Exclude<FailoverMoment, 'tried'>, number | undefined>> = {
      lost: this.times.get('lost')?.first,
      down: this.times.get('down')?.first,
      // of several attempts the last one succeeded
      elected: electedAtMs,
      selected: this.lastSince('selected', electedAtMs),
      promoted: this.lastSince('promoted', electedAtMs),
      master: this.lastSince('master', electedAtMs),
      switched: this.switchedAfter(electedAtMs ?? lostAtMs),
      taken: takenAtMs,
    }
    const firstMs = Math.min(...Object.values(at).filter((one) => one !== undefined))
    const since = (one: number | undefined): number | null =>
      one === undefined ? null : Math.round(one - firstMs)
    return {
      lostMs: since(at.lost),
      downMs: since(at.down),
      electedMs: since(at.elected),
      selectedMs: since(at.selected),
      promotedMs: since(at.promoted),
      masterMs: since(at.master),
      switchedMs: since(at.switched),
      takenMs: since(at.taken),
      resumedMs: Math.round(resumedAtMs - firstMs),
      pausedMs: Math.round(resumedAtMs - lostAtMs),
    }
  }

  /** Sentinels may tell the end of the failover before when the gateway is long over it. */
  private lastSince(moment: FailoverMoment, sinceMs = -Infinity): number | undefined {
    const last = this.times.get(moment)?.last
    return last === undefined || last < sinceMs ? undefined : last
  }

  /** The first announcement of this change: the last sentinels to announce the one before may do so late. */
  private switchedAfter(atMs: number): number | undefined {
    const switched = this.times.get('switched')
    if (switched === undefined || switched.last < atMs) return undefined
    return switched.first < atMs ? switched.last : switched.first
  }
}
