import { encodeCommand } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'
import type { CommandFacts } from './command-table.ts'
import type { Route } from './routes.ts'
import type { Carriage } from './scriptable.ts'

/** A letter of the batch script. @see batchScript */
export type Letter = 'r' | 'k' | 'w' | 'd' | 'u' | 'c' | 'f'

/** A client's command from its arrival to its answer. */
export class Command {
  readonly request: Request
  /** When it came (ms). */
  readonly sinceMs: number
  /** Its answer, once it is known. */
  answer: Buffer | null = null
  /** May it be sent again although it may have run? */
  replayable = true
  letter: Letter = 'r'
  carriage: Carriage = 'same'
  /** Not scriptable after all: this user may not, or memory is short. Redis itself is to answer it. */
  direct = false
  route: Route | null = null
  /** Nothing that the gateway sends on. */
  refused = false
  facts: CommandFacts | undefined
  /** Sent instead of the request, where it is not part of a batch. */
  replacement: Buffer | null = null
  /** Its user has the right to run it, and not the one to run a batch: it goes into one of the gateway's own user. */
  approved = false
  /** Which argument is a scan's cursor (0: none), and under which epoch it is sent. */
  cursorAt = 0
  cursorEpoch = 0
  /** EXEC: what it runs. */
  block: readonly Command[] | null = null

  constructor(request: Request, sinceMs: number) {
    this.request = request
    this.sinceMs = sinceMs
  }

  /** What is sent. An inline command leaves as an array: a zero byte in its line would keep redis-server waiting for ever. */
  wire(): Buffer {
    return this.replacement ?? this.original()
  }

  /** What the client asked for, as an array. */
  original(): Buffer {
    const { request } = this
    return request.inline === null ? request.raw() : encodeCommand(request.args(), 'latin1')
  }
}
