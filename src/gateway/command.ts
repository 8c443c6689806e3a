import type { Primary } from '../discovery/discovery.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Request } from '../resp/request.ts'
import type { CommandFacts, CommandTable } from './command-table.ts'
import type { Route } from './routes.ts'
import type { Carriage } from './scriptable.ts'

/** A letter of the batch script. @see batchScript */
export type Letter = 'r' | 'k' | 'w' | 'd' | 'u' | 'c' | 'f' | 'g' | 'h'

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
  /** Undefined: the server did not say that it takes this. It may be a write all the same, of a module that was loaded since. */
  facts: CommandFacts | undefined
  /** What the route and the facts are taken from. */
  table: CommandTable | null = null
  /** Sent instead of the request, where it is not part of a batch. */
  replacement: Buffer | null = null
  /** May run as the gateway's own user, whoever's it is: that user was found to be allowed what it does for it. */
  approved = false
  /** Which argument is a scan's cursor (0: none), and under which epoch it is sent. */
  cursorAt = 0
  cursorEpoch = 0
  /** Connections that were lost under it, and to which primary: none to another counts. */
  losses = 0
  lostOn: Primary | null = null
  /** EXEC: what it runs. */
  block: readonly Command[] | null = null
  /** Bytes that it takes while it waits, those of its block included. */
  size: number

  constructor(request: Request, sinceMs: number) {
    this.request = request
    this.sinceMs = sinceMs
    this.size = request.length
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
