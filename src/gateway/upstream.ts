import { createConnection, type Socket } from 'node:net'
import type { RedisAddress } from '../discovery/redis-client.ts'
import { replyLimits } from '../resp/limits.ts'
import { ReplyFramer, replyType } from '../resp/reply-framer.ts'
import { writeAll } from './write-all.ts'

export interface UpstreamHandlers {
  readonly onReady: () => void
  /** Replies can be taken from the framer. @throws ProtocolError from it, which costs the connection */
  readonly onReplies: (framer: ReplyFramer) => void
  readonly onDrain: () => void
  readonly onClosed: (reason: string) => void
}

const connectTimeoutMs = 1000

/** A session's connection to the primary. What restores the session's state goes first, and its replies stay here. */
export class Upstream {
  ready = false
  private closed = false
  private readonly socket: Socket
  private readonly framer = new ReplyFramer(replyLimits)
  private readonly handlers: UpstreamHandlers
  private readonly timer: NodeJS.Timeout
  private restoring: number

  constructor(address: RedisAddress, restore: readonly Buffer[], handlers: UpstreamHandlers) {
    this.handlers = handlers
    this.restoring = restore.length
    this.socket = createConnection({ host: address.host, port: address.port, noDelay: true })
    this.timer = setTimeout(() => {
      this.close('connecting took too long')
    }, connectTimeoutMs)
    this.socket.on('connect', () => {
      if (this.restoring === 0) this.becomeReady()
      else this.socket.write(Buffer.concat(restore))
    })
    this.socket.on('data', (chunk) => {
      this.read(chunk)
    })
    this.socket.on('drain', () => {
      this.handlers.onDrain()
    })
    this.socket.on('error', (error) => {
      this.close(error.message)
    })
    this.socket.on('close', () => {
      this.close('the connection was closed')
    })
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

  private close(reason: string): void {
    if (this.closed) return
    this.discard()
    this.handlers.onClosed(reason)
  }

  private becomeReady(): void {
    clearTimeout(this.timer)
    this.ready = true
    this.handlers.onReady()
  }

  private read(chunk: Buffer): void {
    if (this.closed) return
    try {
      this.framer.push(chunk)
      while (this.restoring > 0 && this.framer.next()) {
        // An AUTH that fails now (rights were cut meanwhile) leaves the session to Redis' own words: NOAUTH
        if (this.framer.type === replyType.push) continue
        this.restoring--
        if (this.restoring === 0) this.becomeReady()
      }
      if (this.ready) this.handlers.onReplies(this.framer)
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error))
    }
  }
}
