import type { Reply } from '../resp/decode.ts'
import type { Request } from '../resp/request.ts'

/** What the server says about one of its commands (https://redis.io/docs/latest/commands/command/). */
export interface CommandFacts {
  /** Arguments with the name; negative: at least as many. */
  readonly arity: number
  /** May run twice without a difference. */
  readonly readOnly: boolean
  readonly write: boolean
  /** Refused when memory is over its limit. */
  readonly denyOom: boolean
  /** May wait for somebody else. */
  readonly blocking: boolean
  readonly noMulti: boolean
  /** It has subcommands, listed as `XINFO STREAM`. */
  readonly container: boolean
}

export type CommandTable = ReadonlyMap<string, CommandFacts>

/** Reads the reply to COMMAND. */
export function readCommandTable(reply: Reply | undefined): CommandTable {
  const table = new Map<string, CommandFacts>()
  if (Array.isArray(reply)) for (const entry of reply as readonly Reply[]) readEntry(entry, table)
  return table
}

function readEntry(entry: Reply, table: Map<string, CommandFacts>): void {
  if (!Array.isArray(entry)) return
  const [name, arity, flags, , , , , , , subcommands] = entry as readonly Reply[]
  if (typeof name !== 'string' || typeof arity !== 'number' || !Array.isArray(flags)) return
  const has = (flag: string): boolean => (flags as readonly Reply[]).includes(flag)
  const subs = Array.isArray(subcommands) ? (subcommands as readonly Reply[]) : []
  table.set(name.toUpperCase().replace('|', ' '), {
    arity,
    readOnly: has('readonly'),
    write: has('write'),
    denyOom: has('denyoom'),
    blocking: has('blocking'),
    noMulti: has('no_multi'),
    container: subs.length > 0,
  })
  for (const sub of subs) readEntry(sub, table)
}

/** @returns undefined when the server would not take it: no such command or subcommand, or a wrong number of arguments */
export function factsOf(request: Request, table: CommandTable): CommandFacts | undefined {
  let facts = table.get(request.name)
  if (facts?.container === true && request.argc > 1)
    facts = table.get(`${request.name} ${request.keyword(1)}`) ?? facts
  if (facts === undefined || facts.container) return facts?.container === true ? undefined : facts
  const fits = facts.arity < 0 ? request.argc >= -facts.arity : request.argc === facts.arity
  return fits ? facts : undefined
}
