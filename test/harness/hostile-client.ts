import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const keptBytes = 65_536

/** A client without manners: bytes as it likes, with or without reading, and an end as rude as it likes. */
export class HostileClient {
  readonly socket: Socket
  closed = false
  receivedBytes = 0
  /** The end of what came, as latin1 text. */
  tail = ''
  private readonly looks = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.receivedBytes += chunk.length
      this.tail = (this.tail + chunk.toString('latin1')).slice(-keptBytes)
      this.lookAgain()
    })
    const over = (): void => {
      this.closed = true
      this.lookAgain()
    }
    socket.on('close', over).on('error', over)
  }

  /** @param password sent, and its answer taken, when it is given */
  static async open(
    { host, port }: { readonly host: string; readonly port: number },
    password?: string,
  ): Promise<HostileClient> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    const client = new HostileClient(socket)
    if (password !== undefined) {
      client.send(`AUTH ${password}\r\n`)
      await client.says(/^\+OK\r\n$/)
      client.forget()
    }
    return client
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Sends until everything is taken or `enough` says so, or the connection ends. @returns bytes handed over */
  async flood(pieces: Iterable<Buffer>, enough: () => boolean = () => false): Promise<number> {
    const isOver = (): boolean => this.closed || enough()
    let sent = 0
    for (const piece of pieces) {
      if (isOver()) break
      sent += piece.length
      if (this.socket.write(piece)) continue
      while (this.socket.writableNeedDrain && !isOver())
        await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return sent
  }

  forget(): void {
    this.tail = ''
    this.receivedBytes = 0
  }

  /** Ends without a goodbye: RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Waits until the end of what came matches. */
  says(words: RegExp, withinMs = 10_000): Promise<void> {
    return this.until(String(words), () => words.test(this.tail), withinMs)
  }

  ends(withinMs = 10_000): Promise<void> {
    return this.until('the end of the connection', () => this.closed, withinMs)
  }

  /** Looks whenever something comes. A connection that ends before is a failure. */
  until(what: string, seen: () => boolean, withinMs = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure: string | null): void => {
        clearTimeout(timer)
        this.looks.delete(look)
        const came = `${String(this.receivedBytes)} bytes, the last: ${JSON.stringify(this.tail.slice(-300))}`
        if (failure === null) resolve()
        else reject(new Error(`${what}: ${failure}; came: ${came}`))
      }
      const look = (): void => {
        if (seen()) settle(null)
        else if (this.closed) settle('the connection ended before')
      }
      const timer = setTimeout(() => {
        settle(`not within ${String(withinMs)} ms`)
      }, withinMs)
      this.looks.add(look)
      look()
    })
  }

  private lookAgain(): void {
    for (const look of [...this.looks]) look()
  }
}

/** One command as clients send it. Arguments are latin1 text. */
export function command(...args: readonly string[]): string {
  return `*${String(args.length)}\r\n${args.map((arg) => `$${String(arg.length)}\r\n${arg}\r\n`).join('')}`
}

export function* repeat(piece: Buffer, times: number): Generator<Buffer> {
  for (let done = 0; done < times; done += 1) yield piece
}
