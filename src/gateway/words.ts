import { encodeError } from '../resp/encode.ts'

/** What the gateway itself says to clients. */

export const uncertain = encodeError(
  'UNCERTAIN the primary was lost while this command was in flight; it may or may not have run',
)

export const unconfirmed = encodeError(
  'UNCERTAIN this command ran, but the in-sync set did not confirm it in time; it may yet be lost',
)

/** Known not to have run. */
export const noPrimary = encodeError('TRYAGAIN no primary could be reached in time; this command did not run')

export const tooManySessions = encodeError('ERR max number of clients reached')

/** @param refusal the error reply with which Redis refused it */
export function tryAgain(refusal: Buffer): Buffer {
  const reason = refusal.toString('latin1', 1, 200).trim()
  return encodeError(`TRYAGAIN this command did not run: ${reason}`)
}

export const ok = Buffer.from('+OK\r\n')
