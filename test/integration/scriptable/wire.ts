import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { encodeCommand } from '../../../src/resp/encode.ts'
import { replyLimits } from '../../../src/resp/limits.ts'
import { ReplyFramer } from '../../../src/resp/reply-framer.ts'

/** A connection that answers with the replies' bytes as latin1 text. */
export class Wire implements Disposable {
  private readonly socket: Socket
  private readonly framer = new ReplyFramer(replyLimits)
  private replies: string[] = []
  private wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.framer.push(chunk)
      while (this.framer.next()) this.replies.push(this.framer.slice().toString('latin1'))
      this.wake()
    })
    socket.on('close', () => this.wake())
  }

  static async open(host: string, port: number): Promise<Wire> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }

  /** Sends all at once; the replies in order. Arguments are latin1 text. */
  async call(commands: readonly (readonly string[])[]): Promise<string[]> {
    this.socket.write(Buffer.concat(commands.map((args) => encodeCommand(args, 'latin1'))))
    return this.take(commands.length)
  }

  /** The next replies or messages. */
  async take(count: number): Promise<string[]> {
    while (this.replies.length < count) {
      if (this.socket.destroyed) throw new Error('the connection was closed')
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
    return this.replies.splice(0, count)
  }

  async one(...args: readonly string[]): Promise<string> {
    return (await this.call([args]))[0] ?? ''
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
