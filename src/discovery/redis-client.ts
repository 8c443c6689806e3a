import { createConnection, type Socket } from 'node:net'
import { decodeReply, ReplyError, type Reply } from '../resp/decode.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyLimits, type FrameLimits } from '../resp/limits.ts'
import { ReplyFramer, replyType } from '../resp/reply-framer.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
}

export interface RedisCredentials {
  readonly user: string
  readonly password: string
}

export interface RedisClientOptions extends RedisAddress {
  /** Null: the server asks for none. */
  readonly credentials: RedisCredentials | null
  /** A connection that is not ready by then is given up. */
  readonly connectTimeoutMs: number
  /** What one reply may be; past it the connection is closed. Default: what Redis itself may send. */
  readonly limits?: FrameLimits
  /** RESP3 pushes: messages of subscriptions, decoded. */
  readonly onPush?: (push: readonly Reply[]) => void
  /** Called once, whether or not it ever was ready. */
  readonly onClose: (reason: string) => void
}

interface Waiting {
  readonly replies: Reply[]
  readonly count: number
  /** Instead of a count: the reply that ends it. */
  readonly until?: string
  readonly resolve: (replies: Reply[]) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout | null
}

const fence = 'subscribed'

/**
 * A connection to one redis-server or sentinel, for the gateway's own questions: RESP3, so that subscriptions and commands
 * share it. It never reconnects by itself; who holds it decides.
 */
export class RedisClient {
  ready = false
  closed = false
  private readonly socket: Socket
  private readonly framer: ReplyFramer
  private readonly waiting: Waiting[] = []
  private readonly options: RedisClientOptions
  private readonly connectTimer: NodeJS.Timeout

  constructor(options: RedisClientOptions, onReady: () => void) {
    this.options = options
    this.framer = new ReplyFramer(options.limits ?? replyLimits)
    this.socket = createConnection({ host: options.host, port: options.port, noDelay: true })
    this.connectTimer = setTimeout(() => {
      this.close('connecting took too long')
    }, options.connectTimeoutMs)
    this.socket.on('connect', () => {
      this.hello(onReady)
    })
    this.socket.on('data', (chunk) => {
      this.read(chunk)
    })
    this.socket.on('error', (error) => {
      this.close(error.message)
    })
    this.socket.on('close', () => {
      this.close('the connection was closed')
    })
  }

  /**
   * Sends the commands in one write.
   * @returns their replies; an error reply is a ReplyError among them
   * @throws Error when the connection is lost, or no answer came in time (the connection is then closed: what comes late
   *   must not be taken for the next answer)
   */
  send(commands: readonly (readonly string[])[], timeoutMs?: number): Promise<Reply[]> {
    return this.sendRaw(
      Buffer.concat(commands.map((args) => encodeCommand(args))),
      commands.length,
      timeoutMs,
    )
  }

  /** Like {@link send}, of commands encoded before. */
  sendRaw(bytes: Buffer, count: number, timeoutMs?: number): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new Error('the connection is closed'))
        return
      }
      const timer =
        timeoutMs === undefined
          ? null
          : setTimeout(() => {
              this.close(`no answer within ${String(timeoutMs)} ms`)
            }, timeoutMs)
      this.waiting.push({ replies: [], count, resolve, reject, timer })
      this.socket.write(bytes)
    })
  }

  /**
   * Subscribes. In RESP3 that is answered by a push, but when it is refused (NOPERM) by an ordinary reply: the question behind it
   * keeps that one from being taken for the answer to something else.
   */
  subscribe(
    command: 'SUBSCRIBE' | 'PSUBSCRIBE',
    channel: string,
    onRefused: (why: string) => void = () => undefined,
  ): void {
    if (this.closed) return
    this.waiting.push({
      replies: [],
      count: 2,
      until: fence,
      resolve: ([refused]) => {
        if (refused instanceof ReplyError) onRefused(refused.message)
      },
      // the connection is lost, and onClose says so
      reject: () => undefined,
      timer: null,
    })
    this.socket.write(Buffer.concat([encodeCommand([command, channel]), encodeCommand(['PING', fence])]))
  }

  close(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.ready = false
    clearTimeout(this.connectTimer)
    this.socket.destroy()
    const error = new Error(reason)
    for (const one of this.waiting.splice(0)) {
      if (one.timer !== null) clearTimeout(one.timer)
      one.reject(error)
    }
    this.options.onClose(reason)
  }

  private hello(onReady: () => void): void {
    const { credentials } = this.options
    const auth = credentials === null ? [] : ['AUTH', credentials.user, credentials.password]
    this.send([['HELLO', '3', ...auth]]).then(
      ([reply]) => {
        if (reply instanceof ReplyError) {
          this.close(reply.message)
          return
        }
        clearTimeout(this.connectTimer)
        this.ready = true
        onReady()
      },
      () => {
        // close() has said why
      },
    )
  }

  private read(chunk: Buffer): void {
    try {
      this.framer.push(chunk)
      while (this.framer.next()) {
        const reply = decodeReply(this.framer.slice())
        if (this.framer.type === replyType.push) {
          if (Array.isArray(reply)) this.options.onPush?.(reply as readonly Reply[])
        } else this.settle(reply)
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
    }
  }

  private settle(reply: Reply): void {
    const first = this.waiting[0]
    if (first === undefined) {
      this.close('it answered what nobody asked')
      return
    }
    first.replies.push(reply)
    if (first.replies.length < first.count && (first.until === undefined || first.until !== reply)) return
    this.waiting.shift()
    if (first.timer !== null) clearTimeout(first.timer)
    first.resolve(first.replies)
  }
}
