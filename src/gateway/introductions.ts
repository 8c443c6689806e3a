import type { Command } from './command.ts'
import type { Hub } from './hub.ts'
import { isRefusal } from './refusals.ts'
import type { SessionState } from './session-state.ts'

/** The session, as far as trying something at the door needs to know it. */
export interface DoorHost {
  readonly begin: (command: Command) => void
  readonly isUnderWay: (command: Command) => boolean
  readonly specialDone: (command: Command, answer: Buffer | null) => void
}

/** What is tried, and which reply is meant, counted from the last one, which is 1. */
export interface Trial {
  readonly commands: readonly Buffer[]
  readonly wanted: number
}

/**
 * Tries at the door what the head of a session's queue asks for, with the session's state. Nothing comes of it before `judge` takes the
 * answer, so that it can be given up at any moment. An answer that says nothing but that the server cannot now is none.
 * @param judge with Redis' own answer @returns the one for the client
 */
export function tryAtDoor(
  hub: Hub,
  host: DoorHost,
  state: SessionState,
  command: Command,
  { commands, wanted }: Trial,
  judge: (answer: Buffer) => Buffer,
): false {
  const target = hub.target()
  if (target === null || hub.holding()) {
    hub.watch()
    return false
  }
  host.begin(command)
  hub.door.ask(target, {
    restore: state.restore(hub.setter),
    commands,
    wanted,
    isWanted: () => host.isUnderWay(command),
    done: (answer) => {
      if (!host.isUnderWay(command)) return
      const unable = answer === null || isRefusal(answer, 0, answer.length)
      host.specialDone(command, unable ? null : judge(answer))
    },
  })
  return false
}
