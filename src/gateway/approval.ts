import type { RedisClient } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import type { Command } from './command.ts'

const timeoutMs = 1000

/**
 * Asks Redis whether a user may run a command (ACL DRYRUN, since Redis 7), and notes it: `approved`, or `direct` for what
 * Redis is to refuse by itself, in its own words.
 * @param done also when the connection was lost, with nothing noted
 */
export function askRights(control: RedisClient, user: string, command: Command, done: () => void): void {
  control.sendRaw(dryRun(user, command), 1, timeoutMs).then(
    ([reply]) => {
      if (reply === 'OK') command.approved = true
      else refuse(command, command)
      done()
    },
    () => {
      done()
    },
  )
}

/** Redis refuses what the client asked for, not what it is replaced by. @param one the command itself, or one of its block */
export function refuse(command: Command, one: Command): void {
  command.direct = true
  one.replacement = null
}

export function dryRun(user: string, command: Command): Buffer {
  // what it is replaced by is ours, and says nothing of the user's rights
  const wire = command.original()
  const lineEnd = wire.indexOf(10)
  const count = Number.parseInt(wire.toString('latin1', 1, lineEnd), 10)
  const head = encodeCommand(['ACL', 'DRYRUN', user])
  const body = head.subarray(head.indexOf(10) + 1)
  return Buffer.concat([Buffer.from(`*${String(count + 3)}\r\n`), body, wire.subarray(lineEnd + 1)])
}
