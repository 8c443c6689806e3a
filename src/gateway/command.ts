import type { Request } from '../resp/request.ts'
import type { CommandKind } from './command-rules.ts'

/** A client's command on its way: waiting, sent, or answered and waiting for its confirmation. */
export interface Command {
  /** Null: only its answer exists. */
  readonly request: Request | null
  readonly kind: CommandKind
  /** Sent instead of the request's own bytes. */
  readonly bytes: Buffer | null
  /** Told to the client instead of what the server answers; with no request, the whole answer. */
  readonly answer: Buffer | null
  readonly blocking: boolean
  /** Bytes it holds. */
  readonly size: number
  /** When it came (ms). */
  readonly sinceMs: number
}

export function localAnswer(answer: Buffer, kind: CommandKind, sinceMs: number): Command {
  return { request: null, kind, bytes: null, answer, blocking: false, size: 0, sinceMs }
}
