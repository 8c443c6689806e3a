import type { Primary } from '../discovery/discovery.ts'
import type { RedisCredentials } from '../discovery/redis-client.ts'
import { encodeCommand } from '../resp/encode.ts'
import { replyType, type ReplyFramer } from '../resp/reply-framer.ts'
import { ElementReader } from './batch-reply.ts'
import { Connection, type Connect } from './connection.ts'
import { Fifo } from './fifo.ts'

export interface KeySignalsOptions {
  readonly connect: Connect
  readonly setter: RedisCredentials | null
  readonly target: () => Primary | null
  /** The key may have changed. */
  readonly onSignal: (key: string) => void
  /** Every key may have changed: the connection is a new one, or all keys are gone. */
  readonly onAll: () => void
}

const retryMs = 20
const lookEveryMs = 100
const beatMs = 1000
const beat = encodeCommand(['PING'])

/**
 * Tells when keys change: one connection of the gateway's own with client-side caching's invalidations
 * (https://redis.io/docs/latest/develop/reference/client-side-caching/). They name no database, so some signals are for nothing.
 */
export class KeySignals {
  private readonly options: KeySignalsOptions
  private connection: Connection | null = null
  private ready = false
  /** The server does not track keys for this user: then they are looked at again and again. */
  private blind = false
  private readonly takers = new Fifo<(failed: boolean) => void>()
  private readonly timer: NodeJS.Timeout
  private unanswered = 0
  private retry: NodeJS.Timeout | null = null

  constructor(options: KeySignalsOptions) {
    this.options = options
    this.timer = setInterval(() => {
      this.watch()
    }, beatMs)
    this.timer.unref()
  }

  /** Asks to be told of the key's next change. @returns false: there is no connection; onAll is called when to ask again */
  register(key: string): Promise<boolean> {
    if (!this.ready) {
      this.open()
      return Promise.resolve(false)
    }
    if (this.blind) {
      setTimeout(() => {
        this.options.onSignal(key)
      }, lookEveryMs)
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      this.takers.push((failed) => {
        resolve(!failed)
      })
      this.connection?.write([encodeCommand(['EXISTS', key], 'latin1')])
    })
  }

  /** Another primary, or none. */
  primaryOver(): void {
    this.drop()
    this.later()
  }

  stop(): void {
    clearInterval(this.timer)
    if (this.retry !== null) clearTimeout(this.retry)
    this.drop()
  }

  private open(): void {
    const { connect, target, setter } = this.options
    if (this.connection !== null) return
    const primary = target()
    if (primary === null) {
      this.later()
      return
    }
    const set = [
      ...(setter === null ? [] : [encodeCommand(['AUTH', setter.user, setter.password])]),
      encodeCommand(['HELLO', '3']),
      encodeCommand(['CLIENT', 'TRACKING', 'ON']),
    ]
    const connection: Connection = new Connection(connect(primary.address, 'signals'), {
      onConnected: () => {
        set.forEach((_, place) => {
          this.takers.push((failed) => {
            if (place < set.length - 1 || this.connection !== connection) return
            this.blind = failed
            this.ready = true
            this.options.onAll()
          })
        })
        connection.write(set)
      },
      onReplies: (framer) => {
        this.read(framer)
      },
      onClosed: () => {
        if (this.connection !== connection) return
        this.drop()
        this.later()
      },
    })
    this.connection = connection
  }

  private later(): void {
    this.retry ??= setTimeout(() => {
      this.retry = null
      this.options.onAll()
    }, retryMs)
  }

  private drop(): void {
    this.connection?.discard()
    this.connection = null
    this.ready = false
    this.unanswered = 0
    for (const taker of this.takers.drain()) taker(true)
  }

  /** A connection that hangs by itself tells nobody anything. */
  private watch(): void {
    if (!this.ready) return
    if (this.unanswered > 1) {
      this.connection?.close('it does not answer')
      return
    }
    this.unanswered++
    this.takers.push(() => {
      this.unanswered = 0
    })
    this.connection?.write([beat])
  }

  private read(framer: ReplyFramer): void {
    while (framer.next()) {
      if (framer.type === replyType.push) this.told(framer.slice())
      else this.takers.shift()?.(framer.type === replyType.error)
    }
  }

  private told(push: Buffer): void {
    const reader = new ElementReader(push, 0)
    if (reader.text() !== 'invalidate') return
    if (push[reader.at] !== replyType.array) {
      this.options.onAll()
      return
    }
    const keys = new ElementReader(push, reader.at)
    for (let i = 0; i < keys.count; i++) {
      const key = keys.text()
      if (key !== null) this.options.onSignal(key)
    }
  }
}
