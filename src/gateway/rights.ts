import type { Reply } from '../resp/decode.ts'
import type { Command } from './command.ts'

/** One word of a user's commands, such as `-@admin` or `+config|get`. */
interface Rule {
  readonly allows: boolean
  /** `@admin`, or in upper case `CONFIG`, `CONFIG GET`. */
  readonly what: string
}

/** What is known of a user's rights without asking for each command. */
export interface Rights {
  /** Every key, every channel, and every command but what rules say. */
  readonly plain: boolean
  /** The last one that is about a command counts. */
  readonly rules: readonly Rule[]
}

/** Of somebody whose rights could not be asked for: Redis judges each command when it runs. */
export const unknownRights: Rights = { plain: true, rules: [] }

/** Reads the reply to ACL GETUSER, maps as arrays of keys and values. Null, no such user: nothing may be taken for granted. */
export function readRights(reply: Reply): Rights {
  if (!Array.isArray(reply)) return { plain: false, rules: [] }
  const fields = new Map<string, Reply>()
  const items = reply as readonly Reply[]
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [key, value] = [items[i], items[i + 1]]
    if (typeof key === 'string' && value !== undefined) fields.set(key, value)
  }
  const commands = fields.get('commands')
  const [first, ...others] = typeof commands === 'string' ? commands.split(' ') : []
  return {
    // what selectors allow beside is asked for when it is used
    plain: first === '+@all' && isAll(fields.get('keys'), '~*') && isAll(fields.get('channels'), '&*'),
    rules: others.map(readRule),
  }
}

function readRule(word: string): Rule {
  const what = word.slice(1)
  return {
    allows: word.startsWith('+'),
    what: what.startsWith('@') ? what : what.replace('|', ' ').toUpperCase(),
  }
}

/** Whether this user certainly may run the command, whatever its keys. */
export function mayRun({ plain, rules }: Rights, { request, facts }: Command): boolean {
  if (!plain) return false
  const names = [request.name, `${request.name} ${request.keyword(1)}`]
  const rule = rules.findLast(({ what }) =>
    // of what the server does not name it is not known what it is
    what.startsWith('@') ? facts?.categories.includes(what) !== false : names.includes(what),
  )
  return rule?.allows !== false && (facts !== undefined || rule?.what.startsWith('@') !== true)
}

/** A text since Redis 7, a list before. */
function isAll(rules: Reply | undefined, all: string): boolean {
  if (rules === all) return true
  return Array.isArray(rules) && rules.length === 1 && (rules[0] === '*' || rules[0] === all)
}
