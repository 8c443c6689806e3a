import type { Reply } from '../resp/decode.ts'
import type { Request } from '../resp/request.ts'
import { kindOf } from './command-rules.ts'

export interface CommandFacts {
  /** May run twice without a difference. */
  readonly readOnly: boolean
  /** May wait for somebody else. */
  readonly blocking: boolean
}

/** What the server says about its commands; subcommands as `XINFO STREAM`. */
export type CommandTable = ReadonlyMap<string, CommandFacts>

/** Commands without effect on data that the server does not flag as read-only. */
const harmless = new Set([
  'PING',
  'ECHO',
  'TIME',
  'LASTSAVE',
  'INFO',
  'ROLE',
  'COMMAND',
  'READONLY',
  'READWRITE',
])
/** Kinds that set up a session: running them once more leaves it the same. */
const repeatable = new Set(['auth', 'hello', 'select', 'client', 'quit', 'reset'])
const unknown: CommandFacts = { readOnly: false, blocking: false }

/**
 * Reads the reply to COMMAND (https://redis.io/docs/latest/commands/command/). What it does not list counts as a write.
 */
export function readCommandTable(reply: Reply | undefined): CommandTable {
  const table = new Map<string, CommandFacts>()
  if (Array.isArray(reply)) for (const entry of reply as readonly Reply[]) readEntry(entry, table)
  return table
}

function readEntry(entry: Reply, table: Map<string, CommandFacts>): void {
  if (!Array.isArray(entry)) return
  const [name, , flags, , , , , , , subcommands] = entry as readonly Reply[]
  if (typeof name !== 'string' || !Array.isArray(flags)) return
  const has = (flag: string): boolean => (flags as readonly Reply[]).includes(flag)
  table.set(name.toUpperCase().replace('|', ' '), { readOnly: has('readonly'), blocking: has('blocking') })
  if (Array.isArray(subcommands)) for (const sub of subcommands as readonly Reply[]) readEntry(sub, table)
}

export function factsOf(request: Request, table: CommandTable): CommandFacts {
  return table.get(request.name) ?? unknown
}

/** May this command be sent a second time although it may have run? */
export function isReplayable(request: Request, table: CommandTable): boolean {
  if (harmless.has(request.name) || repeatable.has(kindOf(request.name))) return true
  if (factsOf(request, table).readOnly) return true
  return table.get(`${request.name} ${request.keyword(1)}`)?.readOnly === true
}
