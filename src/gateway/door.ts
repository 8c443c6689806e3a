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

const reset = encodeCommand(['RESET'])

/**
 * One connection on which every session's introductions are tried (AUTH, HELLO, SELECT, CLIENT SETNAME …), so that Redis answers
 * them in its own words. Each begins from a connection that is as new, and one is tried at a time.
 */
export class Door {
  private readonly connect: Connect
  private connection: Connection | null = null
  private of: Primary | null = null
  private readonly waiting = new Fifo<Question>()
  private current: Question | null = null
  /** Replies still to come: of the restoring, then of the commands. */
  private restoring = 0
  private left = 0
  private answer: Buffer | null = null

  constructor(connect: Connect) {
    this.connect = connect
  }

  ask(primary: Primary, question: Question): void {
    if (this.of !== primary || this.connection?.closed !== false) this.open(primary)
    this.waiting.push(question)
    this.next()
  }

  close(): void {
    this.connection?.discard()
    this.connection = null
    const { current } = this
    this.current = null
    const waiting = this.waiting.drain()
    current?.done(null)
    for (const question of waiting) question.done(null)
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

  private next(): void {
    if (this.current !== null) return
    const question = this.waiting.shift()
    if (question === undefined) return
    this.current = question
    this.restoring = question.restore.length + 1
    this.answer = null
    this.connection?.write([reset, ...question.restore])
  }

  private run({ commands }: Question): void {
    this.left = commands.length
    this.connection?.write(commands)
  }

  private read(framer: ReplyFramer): void {
    while (framer.next()) {
      if (framer.type === replyType.push) continue
      const question = this.current
      if (question === null) throw new Error('a reply without a question')
      if (this.restoring > 0) {
        this.restoring--
        if (this.restoring > 0) continue
        // Who set the connection up must never be who runs the command.
        if (framer.type === replyType.error) {
          this.restoring = 1
          this.connection?.write([reset])
        } else this.run(question)
        continue
      }
      if (this.left === question.wanted) this.answer = Buffer.from(framer.slice())
      this.left--
      if (this.left > 0) continue
      this.current = null
      question.done(this.answer)
      this.next()
    }
  }
}
