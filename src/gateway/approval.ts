import type { RedisClient } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Command } from './command.ts'

const timeoutMs = 1000

/**
 * Asks Redis whether a user may run commands (ACL DRYRUN, since Redis 7), and notes it with each: `approved`, or `direct` for what
 * Redis is to refuse by itself, in its own words.
 * @param done also when the connection was lost: what is not noted is asked again
 */
export function askRights(
  control: RedisClient,
  user: string,
  commands: readonly Command[],
  done: () => void,
): void {
  const asked = commands.flatMap((command) => command.block ?? [command])
  const bytes = asked.map((command) => dryRun(user, command))
  control.sendRaw(Buffer.concat(bytes), bytes.length, timeoutMs).then(
    (replies) => {
      let at = 0
      for (const command of commands) {
        const size = command.block?.length ?? 1
        const allowed = replies.slice(at, at + size).every((reply) => reply === 'OK')
        at += size
        if (allowed) command.approved = true
        else refuse(command)
      }
      done()
    },
    () => {
      done()
    },
  )
}

/** Redis refuses what the client asked for, not what it is replaced by. */
function refuse(command: Command): void {
  command.direct = true
  command.replacement = null
}

function dryRun(user: string, command: Command): Buffer {
  // what it is replaced by is ours, and says nothing of the user's rights
  const wire = command.original()
  const lineEnd = wire.indexOf(10)
  const count = Number.parseInt(wire.toString('latin1', 1, lineEnd), 10)
  const head = encodeCommand(['ACL', 'DRYRUN', user])
  const body = head.subarray(head.indexOf(10) + 1)
  return Buffer.concat([Buffer.from(`*${String(count + 3)}\r\n`), body, wire.subarray(lineEnd + 1)])
}
