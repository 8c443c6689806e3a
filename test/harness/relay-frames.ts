import { scripts } from '../../src/gateway/lane-scripts.ts'
import type { Request } from '../../src/resp/request.ts'

/** What a gateway's request to its primary is: one of its scripts, a part of a connection's setting up or of its confirmation, or another. */
export type FrameKind =
  | keyof typeof scripts
  | 'load'
  | 'introduce'
  | 'info'
  | 'wait'
  | 'watch'
  | 'multi'
  | 'exec'
  | 'command'
  /** No request: a connection that begins. */
  | 'connect'

const byBody = new Map<string, FrameKind>()
for (const [name, { body, sha1 }] of Object.entries(scripts))
  for (const text of [body, sha1]) byBody.set(text, name as keyof typeof scripts)

const named = new Map<string, FrameKind>([
  ['SCRIPT', 'load'],
  ['AUTH', 'introduce'],
  ['HELLO', 'introduce'],
  ['SELECT', 'introduce'],
  ['RESET', 'introduce'],
  ['CLIENT', 'introduce'],
  ['INFO', 'info'],
  ['WAIT', 'wait'],
  ['WATCH', 'watch'],
  ['MULTI', 'multi'],
  ['EXEC', 'exec'],
])

export function kindOf(request: Request): FrameKind {
  if (request.name === 'EVALSHA' || request.name === 'EVAL')
    return byBody.get(request.arg(1) ?? '') ?? 'command'
  return named.get(request.name) ?? 'command'
}
