import { randomBytes } from 'node:crypto'
import { keyPrefix } from '../../../verify/keys.ts'

const withinMs = 3000

/**
 * Whether the counter of this very deployment answers at an address: it counts there, and the count is in its Redis. Not everything
 * that takes a connection is what the address was meant for.
 * @param ask a command through a gateway
 */
export async function isCounterAt(
  url: string,
  ask: (words: readonly string[]) => Promise<unknown>,
): Promise<boolean> {
  const id = `${keyPrefix}reach:${randomBytes(8).toString('hex')}`
  try {
    const answer = await fetch(`${url}/${encodeURIComponent(id)}`, { signal: AbortSignal.timeout(withinMs) })
    return (await answer.text()) === '{"count":1}' && (await ask(['GET', id])) === '1'
  } catch {
    return false
  } finally {
    await ask(['UNLINK', id])
  }
}
