/** Bytes that are no RESP, or more of it than the limits allow. Costs the session that sent them, nobody else. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtocolError'
  }
}
