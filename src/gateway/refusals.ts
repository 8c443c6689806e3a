import { replyType } from '../resp/reply-framer.ts'

const longestPrefix = 120

/**
 * The words redis-server 7 and valkey-server use when it runs nothing, because it cannot run it now. EXECABORT with a cause: the
 * transaction was dropped. UNBLOCKED: the node ceased to be primary while the command waited.
 */
const refused =
  /^-(?:EXECABORT Transaction discarded because of: )?(?:READONLY You can't write against a read only|LOADING |MASTERDOWN |NOREPLICAS Not enough|MISCONF |BUSY (?:Redis|Valkey|Server) is busy|UNBLOCKED force unblock)/i

/** Whether this reply says that the command did not run, because this node cannot run it now: it may be sent again. */
export function isRefusal(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== replyType.error) return false
  return refused.test(bytes.toString('latin1', start, Math.min(end, start + longestPrefix)))
}

/** The same of an error that was decoded. */
export function saysRefusal(message: string): boolean {
  return refused.test(`-${message}`)
}

/**
 * Whether these words, in answer to a script, say that its caller may not call it, so that nothing of it ran. What a script itself
 * runs into after it has written may begin with the same word (since Redis 7.2), and names the script.
 */
export function saysRefusedWhole(message: string): boolean {
  return (
    /^(?:NOAUTH|NOPERM) (?!ACL failure in script)/.test(message) && !/ script: [0-9a-f]{40}/.test(message)
  )
}
