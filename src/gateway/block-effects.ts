import { replyType } from '../resp/reply-framer.ts'
import { ElementReader } from './batch-reply.ts'
import type { Command } from './command.ts'
import type { SessionState } from './session-state.ts'

const settings = new Set(['SELECT', 'AUTH', 'HELLO', 'CLIENT'])

/** What a transaction changed for its session: SELECT and its like hold on after EXEC. @returns whether anything did */
export function acceptBlock(block: readonly Command[], answer: Buffer, state: SessionState): boolean {
  if (answer[0] !== replyType.array || !block.some(({ request }) => settings.has(request.name))) return false
  const reader = new ElementReader(answer, 0)
  let changed = false
  for (const { request } of reader.count === block.length ? block : []) {
    const failed = answer[reader.at] === replyType.error
    reader.skip()
    if (failed || !settings.has(request.name)) continue
    state.accept(request)
    changed = true
  }
  return changed
}
