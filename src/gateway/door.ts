import type { Primary } from '../discovery/discovery.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import { Connection, type Connect } from './connection.ts'
import { Fifo } from './fifo.ts'

export interface Question {
  /** Gives the connection the session's state; the last of them makes it the session's user. */
  readonly restore: readonly Buffer[]
  readonly commands: readonly Buffer[]
  /** Which reply is meant, counted from the last one, which is 1. */
  readonly wanted: number
  /** With that reply; null: the connection was lost, it may or may not have run. */
  readonly done: (answer: Buffer | null) => void
}

interface Asked {
  readonly question: Question
  /** Replies still to come: of RESET and of what restores, then of the commands. */
  restoring: number
  resetting: boolean
  left: number
  answer: Buffer | null
}

const reset = encodeCommand(['RESET'])
/** Questions that are under way together, of those that need nothing restored. */
const mostAtOnce = 64

/**
 * One connection on which every session's introductions are tried (AUTH, HELLO, SELECT, CLIENT SETNAME …), so that Redis answers
 * them in its own words. Each begins from a connection that is as new.
 */
export class Door {
  private readonly connect: Connect
  private connection: Connection | null = null
  private of: Primary | null = null
  private readonly waiting = new Fifo<Question>()
  private readonly asked = new Fifo<Asked>()
  /** When something was last asked (ms). */
  private askedMs = 0

  constructor(connect: Connect) {
    this.connect = connect
  }

  ask(primary: Primary, question: Question): void {
    if (this.of !== primary || this.connection?.closed !== false) this.open(primary)
    this.waiting.push(question)
    this.next()
  }

  /** Gives the connection up when it owes an answer and has said nothing since (ms). */
  closeSilent(sinceMs: number): void {
    const { connection } = this
    if (
      this.asked.length > 0 &&
      this.askedMs <= sinceMs &&
      connection !== null &&
      connection.heardMs <= sinceMs
    )
      this.close()
  }

  close(): void {
    this.connection?.discard()
    this.connection = null
    const questions = [...this.asked.drain().map(({ question }) => question), ...this.waiting.drain()]
    for (const question of questions) question.done(null)
  }

  private open(primary: Primary): void {
    this.close()
    this.of = primary
    const connection: Connection = new Connection(this.connect(primary.address, 'door'), {
      onConnected: () => undefined,
      onReplies: (framer) => {
        this.read(framer)
      },
      onClosed: () => {
        if (this.connection === connection) this.close()
      },
    })
    this.connection = connection
  }

  /** What needs something restored is alone: whether its commands may follow is known only then. */
  private next(): void {
    for (let question = this.waiting.peek(); question !== undefined; question = this.waiting.peek()) {
      const { restore, commands } = question
      const before = this.asked.peek()
      if (before !== undefined && (restore.length > 0 || before.question.restore.length > 0)) return
      if (this.asked.length >= mostAtOnce) return
      this.waiting.shift()
      this.askedMs = performance.now()
      this.asked.push({
        question,
        restoring: restore.length + 1,
        resetting: false,
        left: commands.length,
        answer: null,
      })
      this.connection?.write(restore.length === 0 ? [reset, ...commands] : [reset, ...restore])
    }
  }

  private read(framer: ReplyFramer): void {
    while (framer.next()) {
      if (framer.type === replyType.push) continue
      const asked = this.asked.peek()
      if (asked === undefined) throw new Error('a reply without a question')
      const { question } = asked
      if (asked.restoring > 0) {
        asked.restoring--
        if (asked.restoring > 0 || question.restore.length === 0) continue
        // Who set the connection up must never be who runs the command.
        asked.resetting = framer.type === replyType.error
        this.connection?.write(asked.resetting ? [reset] : question.commands)
        continue
      }
      if (asked.resetting) {
        asked.resetting = false
        this.connection?.write(question.commands)
        continue
      }
      if (asked.left === question.wanted) asked.answer = Buffer.from(framer.slice())
      asked.left--
      if (asked.left > 0) continue
      this.asked.shift()
      question.done(asked.answer)
      this.next()
    }
  }
}
