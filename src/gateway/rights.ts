import type { Reply } from '../resp/decode.ts'
import type { Command } from './command.ts'

/** What is known of a user's rights without asking for each command. */
export interface Rights {
  /** Every key, every channel, and every command but single ones that are named. */
  readonly plain: boolean
  /** Those, in upper case: `CONFIG`, `ACL SETUSER`. */
  readonly without: ReadonlySet<string>
}

/** Of somebody whose rights could not be asked for: Redis judges each command when it runs. */
export const unknownRights: Rights = { plain: true, without: new Set() }

/** Reads the reply to ACL GETUSER, maps as arrays of keys and values. Null, no such user: nothing may be taken for granted. */
export function readRights(reply: Reply): Rights {
  if (!Array.isArray(reply)) return { plain: false, without: new Set() }
  const fields = new Map<string, Reply>()
  const items = reply as readonly Reply[]
  for (let i = 0; i + 1 < items.length; i += 2) {
    const [key, value] = [items[i], items[i + 1]]
    if (typeof key === 'string' && value !== undefined) fields.set(key, value)
  }
  const commands = fields.get('commands')
  const [first, ...others] = typeof commands === 'string' ? commands.split(' ') : []
  const selectors = fields.get('selectors')
  const plain =
    first === '+@all' &&
    others.every((rule) => rule.startsWith('-') && !rule.startsWith('-@')) &&
    isAll(fields.get('keys'), '~*') &&
    isAll(fields.get('channels'), '&*') &&
    (selectors === undefined || (Array.isArray(selectors) && selectors.length === 0))
  return { plain, without: new Set(others.map((rule) => rule.slice(1).replace('|', ' ').toUpperCase())) }
}

/** Whether this user certainly may run the command, whatever its keys. */
export function mayRun(rights: Rights, { request }: Command): boolean {
  if (!rights.plain) return false
  if (rights.without.size === 0) return true
  return !rights.without.has(request.name) && !rights.without.has(`${request.name} ${request.keyword(1)}`)
}

/** A text since Redis 7, a list before. */
function isAll(rules: Reply | undefined, all: string): boolean {
  if (rules === all) return true
  return Array.isArray(rules) && rules.length === 1 && (rules[0] === '*' || rules[0] === all)
}
