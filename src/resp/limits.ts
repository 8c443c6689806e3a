/** What one frame may be. Nothing is buffered past these. */
export interface FrameLimits {
  /** Bytes of a whole request or reply. */
  readonly frameBytes: number
  /** Bytes of one bulk string. */
  readonly bulkBytes: number
  /** Elements of one request, or of one aggregate of a reply. */
  readonly elements: number
  /** Aggregates within aggregates (replies only; requests have one level). */
  readonly depth: number
  /** Bytes of an inline command (PROTO_INLINE_MAX_SIZE of redis-server). */
  readonly inlineBytes: number
  /** Redis' word for what is past these and within those of whoever is known. Left out: `invalid`. */
  readonly excess?: 'unauthenticated'
}

const mebibyte = 1024 * 1024

export const requestLimits: FrameLimits = {
  frameBytes: 64 * mebibyte,
  bulkBytes: 64 * mebibyte,
  elements: mebibyte,
  depth: 1,
  inlineBytes: 65536,
}

/** What redis-server itself allows a client that has not authenticated (networking.c, processMultibulkBuffer). */
export const unauthenticatedLimits: FrameLimits = {
  ...requestLimits,
  frameBytes: 256 * 1024,
  bulkBytes: 16384,
  elements: 10,
  excess: 'unauthenticated',
}

/** Replies come from Redis, which we trust more, but a confused server must not take the gateway with it. */
export const replyLimits: FrameLimits = {
  frameBytes: 1024 * mebibyte,
  bulkBytes: 512 * mebibyte,
  elements: 256 * mebibyte,
  depth: 64,
  inlineBytes: 16 * mebibyte,
}
