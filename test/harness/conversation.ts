import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeCommand } from '../../src/resp/encode.ts'
import { replyLimits } from '../../src/resp/limits.ts'
import { ReplyFramer, replyType } from '../../src/resp/reply-framer.ts'

/** One call. Everything is latin1 text: one character a byte. */
export interface Call {
  readonly words: readonly string[]
  /** Sent as a line of plain text. */
  readonly inline: boolean
}

/** What stands for a reply that a connection which was closed does not give. */
export const closedWords = '(closed)'

const message = /^(?:>|\*)\d+\r\n\$\d+\r\n(?:[ps]?message|invalidate)\r\n/
const family = (name: string): string => name.replace('UN', '')

/** A connection that tells the bytes of each call's reply from those of messages, in RESP2 and RESP3. */
export class Conversation implements Disposable {
  /** Messages of subscriptions, in order. */
  readonly messages: string[] = []
  private readonly socket: Socket
  private readonly framer = new ReplyFramer(replyLimits)
  private readonly replies: string[] = []
  private wake: () => void = () => undefined
  private closed = false
  private queueing = false
  private readonly channels = new Map<string, Set<string>>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.framer.push(chunk)
      while (this.framer.next()) this.note(this.framer.slice().toString('latin1'), this.framer.type)
      this.wake()
    })
    const over = (): void => {
      this.closed = true
      this.wake()
    }
    socket.on('close', over).on('error', over)
  }

  static async open(host: string, port: number): Promise<Conversation> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    return new Conversation(socket)
  }

  get subscribed(): boolean {
    return [...this.channels.values()].some((names) => names.size > 0)
  }

  /** Whether a call of this name would be queued. */
  get inMulti(): boolean {
    return this.queueing
  }

  /** Sends all at once. @returns the bytes of each one's reply; of a subscription all its confirmations */
  async say(calls: readonly Call[], withinMs = 8000): Promise<string[]> {
    this.send(calls)
    const answers: string[] = []
    for (const call of calls) answers.push(await this.answerTo(call, withinMs))
    return answers
  }

  send(calls: readonly Call[]): void {
    this.socket.write(Buffer.concat(calls.map(bytesOf)))
  }

  /** Whether anything has come that was not asked for yet. */
  get answered(): boolean {
    return this.replies.length > 0 || this.closed
  }

  async answerTo({ words }: Call, withinMs = 8000): Promise<string> {
    const [name = '', ...args] = words.map((word, index) => (index === 0 ? word.toUpperCase() : word))
    const first = await this.next(words.join(' '), withinMs)
    const failed = first.startsWith('-') || first === closedWords
    if (this.queueing) {
      // even an EXEC that is not taken ends the MULTI
      if (name === 'EXEC' || ((name === 'DISCARD' || name === 'RESET') && args.length === 0))
        this.queueing = false
      if (name === 'RESET' && !failed) this.channels.clear()
      return first
    }
    if (failed) return first
    if (name === 'MULTI') this.queueing = true
    if (name === 'RESET') this.channels.clear()
    if (!/^[PS]?(?:UN)?SUBSCRIBE$/.test(name)) return first
    const known = this.channels.get(family(name)) ?? new Set()
    this.channels.set(family(name), known)
    const leaving = name.includes('UN')
    const count = args.length > 0 ? args.length : Math.max(1, known.size)
    if (leaving && args.length === 0) known.clear()
    for (const arg of args)
      if (leaving) known.delete(arg)
      else known.add(arg)
    const all = [first]
    while (all.length < count) all.push(await this.next(words.join(' '), withinMs))
    return all.join('')
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  private async next(to: string, withinMs: number): Promise<string> {
    const untilMs = performance.now() + withinMs
    while (this.replies.length === 0) {
      if (this.closed) return closedWords
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0) throw new Error(`no reply to ${JSON.stringify(to.slice(0, 100))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.replies.shift() ?? ''
  }

  private note(text: string, type: number): void {
    // in RESP2 a subscribed session has no other arrays, and any other may have data that look like a message
    const streamed = type === replyType.push || (type === replyType.array && this.subscribed)
    if (streamed && message.test(text)) this.messages.push(text)
    else this.replies.push(text)
  }
}

function bytesOf({ words, inline }: Call): Buffer {
  if (!inline) return encodeCommand(words, 'latin1')
  const quoted = words.map((word) => (/^[\w.:+*-]+$/.test(word) ? word : JSON.stringify(escaped(word))))
  return Buffer.from(`${quoted.join(' ')}\r\n`.replaceAll('\\\\x', '\\x'), 'latin1')
}

/** Bytes that a line cannot hold. */
function escaped(word: string): string {
  return word.replace(/[^ !#-[\]-~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
