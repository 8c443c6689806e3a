/** What all sessions together have under way. */
export interface Traffic {
  /** Commands that wait to be sent, and their bytes. */
  parked: number
  parkedBytes: number
  /** Sent and not answered, without those that may block. */
  inFlight: number
  /** Answered and not confirmed. */
  held: number
}

export function noTraffic(): Traffic {
  return { parked: 0, parkedBytes: 0, inFlight: 0, held: 0 }
}
