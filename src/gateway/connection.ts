import { createConnection, type Socket } from 'node:net'
import type { RedisAddress } from '../discovery/redis-client.ts'
import { replyLimits } from '../resp/limits.ts'
import { ReplyFramer } from '../resp/reply-framer.ts'
import { writeAll } from './write-all.ts'

/** What a connection to the primary is for. */
export type Purpose = 'lane' | 'attachment' | 'door' | 'signals'

/** Opens connections to the primary: where it is not the plain one, tests break it and wrappers secure it. */
export type Connect = (address: RedisAddress, purpose: Purpose) => Socket

export const plainConnect: Connect = ({ host, port }) =>
  createConnection({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 })

export interface ConnectionHandlers {
  readonly onConnected: () => void
  /** @throws ProtocolError from the framer, which costs the connection */
  readonly onReplies: (framer: ReplyFramer) => void
  readonly onDrain?: () => void
  readonly onClosed: (reason: string) => void
}

const connectTimeoutMs = 1000

/** One of the gateway's connections to the primary. It never reconnects by itself. */
export class Connection {
  closed = false
  /** When bytes last came (ms of performance.now()). */
  heardMs = performance.now()
  private readonly socket: Socket
  private readonly framer = new ReplyFramer(replyLimits)
  private readonly handlers: ConnectionHandlers
  private readonly timer: NodeJS.Timeout

  constructor(socket: Socket, handlers: ConnectionHandlers) {
    this.socket = socket
    this.handlers = handlers
    this.timer = setTimeout(() => {
      this.close('connecting took too long')
    }, connectTimeoutMs)
    socket.on('connect', () => {
      clearTimeout(this.timer)
      if (!this.closed) handlers.onConnected()
    })
    socket.on('data', (chunk: Buffer) => {
      this.read(chunk)
    })
    socket.on('drain', () => {
      if (!this.closed) handlers.onDrain?.()
    })
    socket.on('error', (error) => {
      this.close(error.message)
    })
    socket.on('close', () => {
      this.close('the connection was closed')
    })
  }

  /** Something of ours is not even sent yet. */
  get sending(): boolean {
    return this.socket.writableLength > 0
  }

  /** More is written than the primary takes: wait for onDrain. */
  get full(): boolean {
    return this.socket.writableNeedDrain
  }

  write(buffers: readonly Buffer[]): void {
    writeAll(this.socket, buffers)
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Closes without a word to the handlers, for those who know. */
  discard(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.socket.destroy()
  }

  close(reason: string): void {
    if (this.closed) return
    this.discard()
    this.handlers.onClosed(reason)
  }

  private read(chunk: Buffer): void {
    if (this.closed) return
    this.heardMs = performance.now()
    try {
      this.framer.push(chunk)
      this.handlers.onReplies(this.framer)
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
    }
  }
}
