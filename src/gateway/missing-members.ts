/** How long members of the in-sync set have been missing, by the rounds that saw it. */
export class MissingMembers {
  private readonly since = new Map<number, { readonly sinceMs: number; readonly owed: number }>()
  private neededOffset = 0
  private acknowledged: ReadonlyMap<number, number> = new Map()
  private before: ReadonlyMap<number, number> = new Map()

  clear(): void {
    if (this.since.size > 0) this.since.clear()
  }

  /** What the latest round saw. */
  saw(round: { readonly neededOffset: number; readonly acknowledged: ReadonlyMap<number, number> }): void {
    this.neededOffset = round.neededOffset
    this.before = this.acknowledged
    this.acknowledged = round.acknowledged
  }

  /** Acknowledged everything of the latest round, or more than in the one before. */
  goesOn(member: number): boolean {
    const offset = this.acknowledged.get(member)
    if (offset === undefined) return false
    return offset >= this.neededOffset || offset > (this.before.get(member) ?? -1)
  }

  /**
   * Who is to leave: a member without a link for a moment (it may be reconnecting), or one that has for `silentMs` not
   * acknowledged what it owed at the beginning of that time. One that lags but goes on acknowledging is given time.
   */
  leaving(
    missing: { readonly gone: readonly number[]; readonly behind: readonly number[] },
    nowMs: number,
    limits: { readonly silentMs: number; readonly waitMs: number },
  ): readonly number[] {
    const all = [...missing.gone, ...missing.behind]
    for (const member of this.since.keys()) if (!all.includes(member)) this.since.delete(member)
    const leaving: number[] = []
    for (const member of all) {
      const gone = missing.gone.includes(member)
      const known = this.since.get(member)
      const caughtUp = known !== undefined && (this.acknowledged.get(member) ?? -1) >= known.owed
      if (known === undefined || caughtUp) {
        // the wait of the round that missed it counts, but no more: the primary itself may have been stopped
        this.since.set(member, { sinceMs: nowMs - (gone ? 0 : limits.waitMs), owed: this.neededOffset })
        continue
      }
      const limitMs = gone ? goneMs : limits.silentMs
      if (nowMs - known.sinceMs >= limitMs) leaving.push(member)
    }
    return leaving
  }
}

const goneMs = 100
