import { connect, type Socket } from 'node:net'

/**
 * INCR after INCR on a key of its own, each sent when the one before was answered: any other answer than the next number, and any
 * end of the connection, is a fault that it keeps.
 */
export class CountingClient {
  count = 0
  /** Why it ended; empty while it counts. */
  fault = ''
  private readonly key: string
  private readonly socket: Socket
  private received = ''
  private done: (() => void) | null = null

  /** @param password null: it does not log in */
  constructor(host: string, port: number, key: string, password: string | null) {
    this.key = key
    this.socket = connect({ host, port, noDelay: true }, () => {
      if (password === null) this.next()
      else this.socket.write(`AUTH ${password}\r\n`)
    })
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1')
      this.read()
    })
    this.socket.on('error', (error) => {
      this.fail(error.message)
    })
    this.socket.on('close', () => {
      this.fail('the connection was closed')
    })
  }

  /** Takes the answer that is outstanding, and leaves. */
  async stop(): Promise<void> {
    if (this.fault === '')
      await new Promise<void>((resolve) => {
        this.done = resolve
      })
    this.socket.destroy()
  }

  private read(): void {
    const end = this.received.indexOf('\r\n')
    if (end < 0) return
    const line = this.received.slice(0, end)
    this.received = this.received.slice(end + 2)
    if (line === '+OK' && this.count === 0) this.next()
    else if (line === `:${this.count + 1}`) {
      this.count++
      if (this.done === null) this.next()
      else this.done()
    } else this.fail(`after ${this.count}: ${line}`)
  }

  private next(): void {
    this.socket.write(`INCR ${this.key}\r\n`)
  }

  private fail(why: string): void {
    if (this.fault !== '' || this.done !== null) return
    this.fault = why
    this.socket.destroy()
  }
}
