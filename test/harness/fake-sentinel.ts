import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** What stands in for one sentinel and says what the test wants. */
export interface FakeSentinel {
  /** Whom it names; null: it knows nobody by that name. */
  names: { readonly host: string; readonly port: number; readonly epoch: number } | null
  /** The others it lists: id, host, port. */
  others: readonly (readonly [string, string, number])[]
  /** Answers to everything; null: it takes connections and never answers. Undefined: as a sentinel does. */
  instead: Buffer | null | undefined
  /** How many are connected and subscribed. */
  readonly listeners: number
  /** How often it was asked anything. */
  readonly requests: number
  publish(channel: string, message: string): void
  /** Sends this to everybody, asked for or not. */
  blurt(bytes: string): void
  /** Cuts all connections, so that everybody connects anew. */
  cut(): void
  stop(): Promise<void>
}

const bulk = (text: string): string => `$${String(Buffer.byteLength(text))}\r\n${text}\r\n`
const map = (fields: Readonly<Record<string, string>>): string =>
  `%${String(Object.keys(fields).length)}\r\n${Object.entries(fields)
    .map(([field, value]) => bulk(field) + bulk(value))
    .join('')}`

export async function startFakeSentinel(
  address: { readonly host: string; readonly port: number },
  id: string,
): Promise<FakeSentinel> {
  const sockets = new Set<Socket>()
  const subscribed = new Set<Socket>()
  let requests = 0
  const answer = (words: readonly string[]): string => {
    const [command, subcommand] = words.map((word) => word.toUpperCase())
    switch (command) {
      case 'HELLO':
        return map({ server: 'redis', proto: '3' })
      case 'PING':
        return bulk(words[1] ?? 'PONG')
      case 'PSUBSCRIBE':
        return `>3\r\n${bulk('psubscribe')}${bulk('*')}:1\r\n`
      case 'SENTINEL':
        return subcommand === 'MYID' ? bulk(id) : subcommand === 'MASTER' ? master() : others()
      default:
        return '-ERR unknown command\r\n'
    }
  }
  const master = (): string => {
    const { names } = fake
    if (names === null) return '-ERR No such master with that name\r\n'
    const { host, port, epoch } = names
    return map({ name: 'x', ip: host, port: String(port), flags: 'master', 'config-epoch': String(epoch) })
  }
  const others = (): string =>
    `*${String(fake.others.length)}\r\n${fake.others.map(([runid, ip, port]) => map({ runid, ip, port: String(port) })).join('')}`

  const server: Server = createServer((socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      subscribed.delete(socket)
    })
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      for (let request = readRequest(pending); request !== null; request = readRequest(pending)) {
        pending = pending.subarray(request.bytes)
        requests += 1
        if (request.words[0] === 'PSUBSCRIBE') subscribed.add(socket)
        if (fake.instead === undefined) socket.write(answer(request.words))
        else if (fake.instead !== null) socket.write(fake.instead)
      }
    })
  })
  server.listen(address.port, address.host)
  await once(server, 'listening')

  const fake: FakeSentinel = {
    names: null,
    others: [],
    instead: undefined,
    get listeners() {
      return subscribed.size
    },
    get requests() {
      return requests
    },
    publish: (channel, message) => {
      for (const socket of subscribed)
        socket.write(`>4\r\n${bulk('pmessage')}${bulk('*')}${bulk(channel)}${bulk(message)}`)
    },
    blurt: (bytes) => {
      for (const socket of sockets) socket.write(bytes)
    },
    cut: () => {
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      subscribed.clear()
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  return fake
}

/** Arrays of bulk strings, which is all that a gateway sends. */
function readRequest(bytes: Buffer): { readonly words: readonly string[]; readonly bytes: number } | null {
  let at = 0
  const line = (): string | null => {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return null
    const text = bytes.toString('latin1', at, end)
    at = end + 2
    return text
  }
  const count = line()
  if (count === null) return null
  const words: string[] = []
  while (words.length < Number(count.slice(1))) {
    const size = line()
    if (size === null || bytes.length < at + Number(size.slice(1)) + 2) return null
    words.push(bytes.toString('latin1', at, at + Number(size.slice(1))))
    at += Number(size.slice(1)) + 2
  }
  return { words, bytes: at }
}
