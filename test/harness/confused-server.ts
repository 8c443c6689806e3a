import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { RedisAddress } from '../../src/discovery/redis-client.ts'
import type { Purpose } from '../../src/gateway/connection.ts'

/** What becomes of the bytes that Redis sends next on a connection; null: passed on as they are. */
export type Tampering = (bytes: Buffer, client: Socket) => void

interface Relayed {
  readonly purpose: string
  readonly client: Socket
  tampering: Tampering | null
}

/** Stands between a gateway and its real Redis, passes everything on, and says what Redis never would when it is told to. */
export class ConfusedServer {
  readonly address: RedisAddress
  private readonly server: Server
  private readonly relayed = new Set<Relayed>()

  private constructor(server: Server) {
    this.server = server
    const { address, port } = server.address() as AddressInfo
    this.address = { host: address, port }
    server.on('connection', (client: Socket) => {
      this.accept(client)
    })
  }

  static async start(host: string): Promise<ConfusedServer> {
    const server = createServer({ noDelay: true }).listen(0, host)
    await once(server, 'listening')
    return new ConfusedServer(server)
  }

  /** Says this on every connection there is of that purpose, now. @returns on how many */
  inject(purpose: Purpose, bytes: Buffer): number {
    const these = this.of(purpose)
    for (const { client } of these) client.write(bytes)
    return these.length
  }

  /** From the next bytes of Redis on, on those that are there now. @returns how many */
  tamper(purpose: Purpose, tampering: Tampering): number {
    const these = this.of(purpose)
    for (const one of these) one.tampering = tampering
    return these.length
  }

  async stop(): Promise<void> {
    for (const { client } of this.relayed) client.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  private of(purpose: Purpose): Relayed[] {
    return [...this.relayed].filter((one) => one.purpose === purpose)
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined)
    client.once('data', (first: Buffer) => {
      const end = first.indexOf(10)
      const [purpose = '', host = '', port = ''] = first.toString('latin1', 0, end).split(' ')
      this.relay(
        purpose,
        client,
        connect({ host, port: Number(port), noDelay: true }),
        first.subarray(end + 1),
      )
    })
  }

  private relay(purpose: string, client: Socket, redis: Socket, rest: Buffer): void {
    const relayed: Relayed = { purpose, client, tampering: null }
    this.relayed.add(relayed)
    redis.write(rest)
    client.on('data', (bytes) => redis.write(bytes))
    redis.on('data', (bytes) => {
      if (relayed.tampering === null) client.write(bytes)
      else relayed.tampering(bytes, client)
    })
    redis.on('error', () => undefined).on('close', () => client.destroy())
    client.on('close', () => {
      redis.destroy()
      this.relayed.delete(relayed)
    })
  }
}
