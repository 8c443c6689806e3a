/** Commands as the metrics tell them apart. `admin` is what is sent once and never again: CONFIG, ACL, CLIENT KILL, … */
export const commandClasses = ['read', 'write', 'transaction', 'pubsub', 'blocking', 'admin'] as const
export type CommandClass = (typeof commandClasses)[number]

/** Counted in plain numbers where commands pass; the metrics read them when they are asked. */
export interface Counters {
  /** Taken up from clients, by class; what the gateway answers by itself is not among them. */
  readonly commands: Record<CommandClass, number>
  /** Sent a second time after their upstream was lost. */
  replayed: number
  /** Not run again, since the marker said they had run: answered with the recorded reply. */
  duplicatesSuppressed: number
  /** Answered UNCERTAIN. */
  uncertain: number
  /** Answered TRYAGAIN. */
  tryAgain: number
  /** Primaries taken up, the first one too. */
  primaries: number
  /** A primary taken up after another one, or after the same one was lost. */
  failovers: number
  /** Times that `hold` ran out with commands waiting. */
  holdExhausted: number
  /** A command that had waited goes out, or is refused. */
  readonly parkedFor: (milliseconds: number) => void
  /** A command (or the batch it was in) was answered by the primary. */
  readonly upstreamTook: (milliseconds: number) => void
}

/** Counts, and keeps no times where nobody wants them. */
export function plainCounters(
  times: Pick<Counters, 'parkedFor' | 'upstreamTook'> = {
    parkedFor: () => undefined,
    upstreamTook: () => undefined,
  },
): Counters {
  return {
    commands: { read: 0, write: 0, transaction: 0, pubsub: 0, blocking: 0, admin: 0 },
    replayed: 0,
    duplicatesSuppressed: 0,
    uncertain: 0,
    tryAgain: 0,
    primaries: 0,
    failovers: 0,
    holdExhausted: 0,
    parkedFor: times.parkedFor,
    upstreamTook: times.upstreamTook,
  }
}
