import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

/** A client of bytes: sends what it is told and shows what came, so that nothing is smoothed over. */
export class RawClient {
  received = ''
  closed = false
  private readonly socket: Socket

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')))
    socket.on('close', () => (this.closed = true))
    socket.on('error', () => (this.closed = true))
  }

  static async open(host: string, port: number, password?: string): Promise<RawClient> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    const client = new RawClient(socket)
    if (password !== undefined) client.send(`AUTH ${password}\r\n`)
    return client
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Closes its writing half. */
  finish(): void {
    this.socket.end()
  }

  pause(): void {
    this.socket.pause()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Waits for exactly this much more, from where the last one ended. */
  async expect(text: string, withinMs = 5000): Promise<void> {
    const untilMs = performance.now() + withinMs
    while (this.received.length < text.length && !this.closed && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const seen = this.received.slice(0, Math.max(text.length, 1))
    if (seen !== text)
      throw new Error(`expected ${JSON.stringify(text)}, got ${JSON.stringify(this.received.slice(0, 500))}`)
    this.received = this.received.slice(text.length)
  }
}
