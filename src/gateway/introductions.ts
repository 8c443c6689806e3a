import type { RedisCredentials } from '../discovery/redis-client.ts'
import type { Primary } from '../discovery/discovery.ts'
import { replyType } from '../resp/reply-framer.ts'
import type { Command } from './command.ts'
import type { Door } from './door.ts'
import type { SessionState } from './session-state.ts'

/**
 * Tries a command that sets the session up, on a connection that has the session's state.
 * @param done with Redis' own answer, and whether it was no error; null: try again
 */
export function introduce(
  door: Door,
  primary: Primary,
  state: SessionState,
  setter: RedisCredentials | null,
  command: Command,
  done: (answer: Buffer | null, accepted: boolean) => void,
): void {
  door.ask(primary, {
    restore: state.restore(setter),
    commands: [command.wire()],
    wanted: 1,
    done: (answer) => {
      const failed = answer === null || answer[0] === replyType.error || answer[0] === replyType.bulkError
      done(answer, !failed)
    },
  })
}
