import { createHmac } from 'node:crypto'

/**
 * A secret for one purpose, made of `secrets/internal`: who knows it opens nothing else with it. 64 hex digits.
 * @param purpose the user of Redis that it is for
 */
export function derivedSecret(internal: string, purpose: Purpose): string {
  return createHmac('sha256', internal).update(purpose).digest('hex')
}

/** `default`: beside the clients' password, for gateways that come back to this user. */
export type Purpose = 'replica' | 'operator' | 'gateway' | 'batch' | 'default'
