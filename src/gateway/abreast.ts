import { encodeCommand } from '../resp/encode.ts'
import type { Command } from './command.ts'

const message = [encodeCommand(['PING']), encodeCommand(['PUBLISH', 'holdfast:heartbeat', ''])]
const nothing: readonly Buffer[] = []

/**
 * What goes before it on a session's own connection. WAIT counts who has what its connection wrote last, and the session's writes
 * run on others. In Redis 7.0 whatever ran on a connection stands behind all writes before it; later only what is replicated does,
 * as a message is.
 */
export function abreastOf({ request }: Command): readonly Buffer[] {
  return request.name === 'WAIT' || request.name === 'WAITAOF' ? message : nothing
}
