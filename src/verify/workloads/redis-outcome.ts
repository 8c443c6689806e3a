import type { Outcome } from '../operation.ts'

/**
 * Error replies that say that the command did not run. Of any other it is not known: UNCERTAIN, TIMEOUT of a proxy, ERR of a script
 * that had written already.
 */
const refusals: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'DENIED',
  'EXECABORT',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'NOSCRIPT',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
  'WRONGPASS',
  'WRONGTYPE',
])

/** What is known of a command that was sent and ended with this error. */
export function outcomeOfRedisError(error: unknown): Outcome<never> {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  // Nothing was written: ioredis keeps no queue here.
  if (message.startsWith("Stream isn't writeable")) return { kind: 'refused', why: 'no connection' }
  if (name !== 'ReplyError') return { kind: 'unknown', why: 'connection lost' }
  const code = codeOf(message)
  if (!refusals.has(code)) return { kind: 'unknown', why: code }
  return { kind: 'refused', why: code === 'EXECABORT' ? (reasonOf(error) ?? code) : code }
}

/** The first word of an error reply. */
function codeOf(message: string): string {
  return /^[A-Z]+/.exec(message)?.[0] ?? 'error'
}

/** Why a command inside of MULTI was not even queued: ioredis hands over those replies with that of EXEC. */
function reasonOf(error: unknown): string | undefined {
  const { previousErrors } = error as { readonly previousErrors?: readonly (Error | undefined)[] }
  const first = previousErrors?.find((each) => each !== undefined)
  return first && codeOf(first.message)
}
