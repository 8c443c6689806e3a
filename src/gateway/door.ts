import type { Primary } from '../discovery/discovery.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import { Connection, type Connect, type ConnectionHandlers } from './connection.ts'
import { Fifo } from './fifo.ts'

export interface Question {
  /** Gives the connection the session's state; the last of them makes it the session's user. */
  readonly restore: readonly Buffer[]
  readonly commands: readonly Buffer[]
  /** Which reply is meant, counted from the last one, which is 1. */
  readonly wanted: number
  /** False when nobody waits for the answer any more: then it need not be asked. */
  readonly isWanted: () => boolean
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
/** A connection whose questions are under way for longer has others opened beside it: a primary far away must not make a queue. */
const slowMs = 100
const mostConnections = 16

/**
 * Where every session's introductions are tried (AUTH, HELLO, SELECT, CLIENT SETNAME …), so that Redis answers them in its own
 * words. One connection does for all, and more while that one is slow. Each question begins from a connection that is as new.
 */
export class Door {
  private readonly connect: Connect
  private readonly leaves = new Set<Leaf>()
  private of: Primary | null = null
  private readonly waiting = new Fifo<Question>()

  constructor(connect: Connect) {
    this.connect = connect
  }

  ask(primary: Primary, question: Question): void {
    if (this.of !== primary) this.close()
    this.of = primary
    this.waiting.push(question)
    if (this.leaves.size === 0) this.open(primary)
    this.next()
    if (this.waiting.length > 0 && this.leaves.size < mostConnections && this.isSlow()) {
      this.open(primary)
      this.next()
    }
  }

  /** Gives connections up that owe an answer and have said nothing since (ms). */
  closeSilent(sinceMs: number): void {
    for (const leaf of this.leaves) if (leaf.silentSince(sinceMs)) leaf.close()
  }

  close(): void {
    for (const leaf of this.leaves) leaf.close()
    for (const question of this.waiting.drain()) question.done(null)
  }

  private open(primary: Primary): void {
    const leaf: Leaf = new Leaf(
      (handlers) => new Connection(this.connect(primary.address, 'door'), handlers),
      {
        onFree: () => {
          this.next()
          if (leaf.idle && this.leaves.size > 1) leaf.close()
        },
        onClosed: () => {
          this.leaves.delete(leaf)
          if (this.leaves.size > 0) return
          for (const question of this.waiting.drain()) question.done(null)
        },
      },
    )
    this.leaves.add(leaf)
  }

  private isSlow(): boolean {
    const sinceMs = performance.now() - slowMs
    return [...this.leaves].every((leaf) => leaf.askedMs <= sinceMs)
  }

  private next(): void {
    for (let question = this.waiting.peek(); question !== undefined; question = this.waiting.peek()) {
      if (question.isWanted()) {
        const asked = question
        const leaf = [...this.leaves].find((each) => each.takes(asked))
        if (leaf === undefined) return
        this.waiting.shift()
        leaf.ask(question)
      } else {
        this.waiting.shift()
        question.done(null)
      }
    }
  }
}

interface LeafHandlers {
  /** A question is answered: another may be asked. */
  readonly onFree: () => void
  readonly onClosed: () => void
}

/** One connection of the door. */
class Leaf {
  /** When something was last asked (ms). */
  askedMs = performance.now()
  private readonly connection: Connection
  private readonly asked = new Fifo<Asked>()
  private readonly handlers: LeafHandlers
  private closed = false

  constructor(connect: (handlers: ConnectionHandlers) => Connection, handlers: LeafHandlers) {
    this.handlers = handlers
    this.connection = connect({
      onConnected: () => undefined,
      onReplies: (framer) => {
        this.read(framer)
      },
      onClosed: () => {
        this.close()
      },
    })
  }

  get idle(): boolean {
    return this.asked.length === 0
  }

  silentSince(sinceMs: number): boolean {
    return !this.idle && this.askedMs <= sinceMs && this.connection.heardMs <= sinceMs
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.connection.discard()
    this.handlers.onClosed()
    for (const { question } of this.asked.drain()) question.done(null)
  }

  /** What needs something restored is alone: whether its commands may follow is known only then. */
  takes({ restore }: Question): boolean {
    const before = this.asked.peek()
    if (before === undefined) return true
    return restore.length === 0 && before.question.restore.length === 0 && this.asked.length < mostAtOnce
  }

  ask(question: Question): void {
    const { restore, commands } = question
    this.askedMs = performance.now()
    this.asked.push({
      question,
      restoring: restore.length + 1,
      resetting: false,
      left: commands.length,
      answer: null,
    })
    this.connection.write(restore.length === 0 ? [reset, ...commands] : [reset, ...restore])
  }

  private read(framer: ReplyFramer): void {
    while (!this.closed && framer.next()) {
      if (framer.type === replyType.push) continue
      const asked = this.asked.peek()
      if (asked === undefined) throw new Error('a reply without a question')
      const { question } = asked
      if (asked.restoring > 0) {
        asked.restoring--
        if (asked.restoring > 0 || question.restore.length === 0) continue
        // Who set the connection up must never be who runs the command.
        asked.resetting = framer.type === replyType.error
        this.connection.write(asked.resetting ? [reset] : question.commands)
        continue
      }
      if (asked.resetting) {
        asked.resetting = false
        this.connection.write(question.commands)
        continue
      }
      if (asked.left === question.wanted) asked.answer = Buffer.from(framer.slice())
      asked.left--
      if (asked.left > 0) continue
      this.asked.shift()
      question.done(asked.answer)
      this.handlers.onFree()
    }
  }
}
