/** One call that wrote a value or saw it, and who it was, in words. */
export interface Seen {
  readonly by: string
  readonly startMs: number
  readonly endMs: number
}

/** All that wrote or saw one value of a register: at least its write. */
export interface Cluster {
  readonly seen: Seen[]
}

/** `older` was seen by a call that began after `newer`, which came later, had been written or seen. */
export interface Conflict<C> {
  readonly older: C
  readonly newer: C
}

interface Zone<C> {
  readonly cluster: C
  /** When the first of its calls had ended, and when the last of them began. */
  readonly firstEndMs: number
  readonly lastStartMs: number
}

/**
 * Whether a register whose writes are all different is linearizable: Gibbons and Korach, "Testing Shared Memories" (SIAM J. Comput.
 * 26, 1997), theorem 4.4. Exact, in n log n, so that no search has to be bounded.
 * A value whose last call began after its first had ended was certainly in force between the two (forward zone): no two of these overlap.
 * The calls of any other value all took place at one instant between the last start and the first end (backward zone):
 * no forward zone has all of that inside.
 * Every read of a cluster ends after its write began; others were sorted out before.
 * @returns at most one conflict for each `older`; empty: linearizable
 */
export function findConflicts<C extends Cluster>(clusters: readonly C[]): readonly Conflict<C>[] {
  const zones = clusters.map(zoneOf)
  const forward = zones.filter(isForward).sort((a, b) => a.firstEndMs - b.firstEndMs)
  const reach = furthest(forward)
  const found = new Map<C, Conflict<C>>()
  const note = (older: Zone<C> | undefined, newer: Zone<C>) => {
    if (older && newer.firstEndMs < older.lastStartMs && !found.has(older.cluster))
      found.set(older.cluster, { older: older.cluster, newer: newer.cluster })
  }
  for (const [index, zone] of forward.entries()) note(reach[index - 1], zone)
  for (const zone of zones)
    if (!isForward(zone)) note(reach[endedBefore(forward, zone.lastStartMs) - 1], zone)
  return [...found.values()]
}

function zoneOf<C extends Cluster>(cluster: C): Zone<C> {
  const firstEndMs = cluster.seen.reduce((first, { endMs }) => Math.min(first, endMs), Infinity)
  const lastStartMs = cluster.seen.reduce((last, { startMs }) => Math.max(last, startMs), -Infinity)
  return { cluster, firstEndMs, lastStartMs }
}

function isForward({ firstEndMs, lastStartMs }: Zone<unknown>): boolean {
  return firstEndMs < lastStartMs
}

/** For each zone the one among it and those before it that lasts longest. */
function furthest<C>(zones: readonly Zone<C>[]): readonly Zone<C>[] {
  const reach: Zone<C>[] = []
  for (const zone of zones) {
    const before = reach.at(-1)
    reach.push(before && before.lastStartMs >= zone.lastStartMs ? before : zone)
  }
  return reach
}

/** How many of the zones, which are in this order, have their first end before that moment. */
function endedBefore(zones: readonly Zone<unknown>[], atMs: number): number {
  let low = 0
  let high = zones.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((zones[middle]?.firstEndMs ?? Infinity) < atMs) low = middle + 1
    else high = middle
  }
  return low
}
