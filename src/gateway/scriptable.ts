import type { Request } from '../resp/request.ts'
import { scriptableCommands } from './scriptable-commands.ts'

/**
 * How a script's reply to a command becomes the direct one. `same`: it is; `null-array`: a null bulk stands for RESP2's null
 * array; `integer`: may pass 2^53, the script fetches it again as text.
 */
export type Carriage = 'same' | 'null-array' | 'integer'

/** Lua's unpack takes no 8,000 arguments (LUAI_MAXCSTACK). */
const mostArguments = 7000

/**
 * Whether a command run by `redis.pcall` gives what it gives directly, byte by byte, and leaves the same data. Tried against
 * a Redis command by command in test/integration/scriptable.test.ts.
 * @param request one that the server knows, with a number of arguments that it takes
 * @returns null: it must not go that way
 */
export function carriageOf(request: Request, protocol: 2 | 3): Carriage | null {
  const rule = scriptableCommands.get(request.name)
  return rule === undefined || request.argc > mostArguments ? null : rule.carry(request, protocol)
}
