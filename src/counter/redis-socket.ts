import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { replyLimits } from '../resp/limits.ts'
import { ReplyFramer, replyType } from '../resp/reply-framer.ts'
import type { RedisConfig } from './config.ts'
import type { Key } from './path.ts'

export type Reply = string | null

/** One command, settled once: with its reply, with Redis' error, or with what became of the connection. */
export interface Command {
  readonly args: readonly [name: string, ...rest: Key[]]
  readonly settle: (error: Error | null, reply: Reply) => void
}

/** Redis' own answer, in its words. */
export class RedisError extends Error {}

export interface RedisSocketOptions {
  readonly to: Pick<RedisConfig, 'host' | 'port'>
  readonly connectTimeoutMs: number
  readonly onOpen: () => void
  /** Once, after all commands were settled. Null: Redis, or we, ended it in the usual way. */
  readonly onClose: (error: Error | null) => void
}

const readBytes = 16 * 1024

/** One TCP connection to Redis: commands of one call leave in one write, replies come back in the order of the commands. */
export class RedisSocket {
  readonly #socket: Socket
  readonly #framer = new ReplyFramer(replyLimits)
  /** Sent and not answered, in the order in which they were sent together; of the first, how many have their reply. */
  readonly #sent: (readonly Command[])[] = []
  #answered = 0
  #waitsSinceMs = 0

  constructor({ to, connectTimeoutMs, onOpen, onClose }: RedisSocketOptions) {
    let failure: Error | null = null
    this.#socket = connect({
      host: to.host,
      port: to.port,
      noDelay: true,
      keepAlive: true,
      // Node would allocate 64 KiB for each read; a reply of ours has some ten bytes.
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (length, buffer) => this.#receive(Buffer.from(buffer.subarray(0, length))),
      },
    })
    const timer = setTimeout(() => {
      this.#socket.destroy(new Error(`No connection within ${connectTimeoutMs} ms.`))
    }, connectTimeoutMs)
    this.#socket.on('connect', () => {
      clearTimeout(timer)
      onOpen()
    })
    this.#socket.on('error', (error) => (failure = error))
    this.#socket.on('close', () => {
      clearTimeout(timer)
      for (const command of this.#takeUnanswered())
        command.settle(failure ?? new Error('The connection to Redis was closed.'), null)
      onClose(failure)
    })
  }

  /** All in one write. */
  send(commands: readonly Command[]): void {
    if (this.#sent.length === 0) this.#waitsSinceMs = performance.now()
    this.#sent.push(commands)
    let text = ''
    for (const { args } of commands) text += encode(args)
    this.#socket.write(text, 'latin1')
  }

  /** How long replies have been due without a byte of one, in milliseconds. */
  silentForMs(): number {
    return this.#sent.length === 0 ? 0 : performance.now() - this.#waitsSinceMs
  }

  /** What is unanswered is settled as failed. */
  destroy(error?: Error): void {
    this.#socket.destroy(error)
  }

  #receive(bytes: Buffer): boolean {
    this.#waitsSinceMs = performance.now()
    try {
      this.#framer.push(bytes)
      while (this.#framer.next()) this.#settleNext()
    } catch (error) {
      this.destroy(error as Error)
    }
    return true
  }

  #settleNext(): void {
    const { type, bytes, start, end } = this.#framer
    const commands = this.#sent[0]
    const command = commands?.[this.#answered]
    if (commands === undefined || command === undefined) throw new Error('Redis sent a reply to nothing.')
    this.#answered += 1
    if (this.#answered === commands.length) {
      this.#answered = 0
      this.#sent.shift()
    }
    const line = bytes.toString('latin1', start + 1, end - 2)
    if (type === replyType.error) command.settle(new RedisError(line), null)
    else command.settle(null, type === replyType.bulk ? bulkOf(line) : line)
  }

  #takeUnanswered(): readonly Command[] {
    return this.#sent.splice(0).flat().slice(this.#answered)
  }
}

/** What stands after a bulk string's length, if that is not minus one. */
function bulkOf(line: string): Reply {
  return line.startsWith('-') ? null : line.slice(line.indexOf('\n') + 1)
}

/** As text of one byte a character, which `write` copies at once. */
function encode(args: Command['args']): string {
  let text = `*${args.length}\r\n`
  for (const arg of args) {
    const characters = typeof arg === 'string' ? arg : Buffer.from(arg).toString('latin1')
    text += `$${characters.length}\r\n${characters}\r\n`
  }
  return text
}
