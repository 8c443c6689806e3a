/** What becomes of a write whose answer was outstanding when the primary was lost. */
export const deliveries = ['exactly-once', 'at-least-once', 'at-most-once'] as const
export type Delivery = (typeof deliveries)[number]

/** Who must have a write before it is answered: every member of the in-sync set, or any that many replicas (0: none). */
export type Ack = 'in-sync' | number

/** Whether a read is answered only when the acknowledgement above covers it (`confirmed`), or at once (`fast`). */
export const readModes = ['confirmed', 'fast'] as const
export type Reads = (typeof readModes)[number]

/** What a gateway takes on at most. Nothing is buffered past these; they can be changed while it runs. */
export interface GatewayLimits {
  /** Client connections. */
  readonly sessions: number
  /** A client is not read from while it has more than this waiting to be sent. */
  readonly parkedBytes: number
  /** The same for all clients together. */
  readonly allParkedBytes: number
  /** A client that leaves more than this of its answers untaken gets no more until it takes them. */
  readonly answerBytes: number
  /** The longest request. */
  readonly frameBytes: number
}

export interface GatewaySettings {
  readonly delivery: Delivery
  readonly ack: Ack
  readonly reads: Reads
  readonly limits: GatewayLimits
}

const mebibyte = 2 ** 20

export const defaultGatewaySettings: GatewaySettings = {
  delivery: 'exactly-once',
  ack: 'in-sync',
  reads: 'confirmed',
  limits: {
    sessions: 10_000,
    parkedBytes: 64 * mebibyte,
    allParkedBytes: 512 * mebibyte,
    answerBytes: 16 * mebibyte,
    frameBytes: 64 * mebibyte,
  },
}
