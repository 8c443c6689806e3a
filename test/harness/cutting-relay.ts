import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Connect, Purpose } from '../../src/gateway/connection.ts'
import { CuttingPlan, describeStep, type How, type Step } from './cutting-plan.ts'
import type { FrameKind } from './relay-frames.ts'
import { RelayedConnection } from './relayed-connection.ts'

interface LateReply {
  readonly kind: FrameKind
  readonly reply: string
}

/**
 * Stands between a gateway and its primary, understands what goes by, and cuts connections where a plan says so. Each connection
 * comes from a loopback address of its own, by which the relay knows whom it was meant for.
 */
export class CuttingRelay implements AsyncDisposable {
  /** What was cut so far, in words. */
  readonly cuts: string[] = []
  /** What the server answered to requests that were held back and let go later. */
  readonly lateReplies: LateReply[] = []
  private readonly server: Server
  private readonly meant = new Map<
    string,
    { readonly host: string; readonly port: number; readonly purpose: Purpose }
  >()
  private readonly connections = new Set<RelayedConnection>()
  private plan = new CuttingPlan([])
  private opened = 0

  private constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.accept(socket)
    })
  }

  static async start(host = '127.62.0.1'): Promise<CuttingRelay> {
    const relay = new CuttingRelay()
    relay.server.listen(0, host)
    await once(relay.server, 'listening')
    return relay
  }

  /** How a gateway connects through it. */
  readonly connect: Connect = ({ host, port }, purpose) => {
    const own = this.server.address() as AddressInfo
    this.opened++
    const localAddress = `127.62.${String(1 + (this.opened >> 8))}.${String(this.opened & 255)}`
    this.meant.set(localAddress, { host, port, purpose })
    return createConnection({ host: own.address, port: own.port, localAddress, noDelay: true })
  }

  /** From now on. What the plan before had left is forgotten. */
  follow(steps: readonly Step[]): void {
    this.plan = new CuttingPlan(steps)
  }

  get done(): boolean {
    return this.plan.done
  }

  /** The plan, and where it stands. */
  get state(): string {
    return String(this.plan)
  }

  /** Lets go everything that was held back. */
  release(): void {
    for (const connection of this.connections) connection.release()
  }

  cutAll(how: How = 'fin'): void {
    for (const connection of this.connections) connection.cut(how)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll('rst')
    this.server.close()
    await once(this.server, 'close')
  }

  private accept(socket: Socket): void {
    const meant = this.meant.get(socket.remoteAddress ?? '')
    if (meant === undefined) {
      socket.destroy()
      return
    }
    const { purpose } = meant
    const connection: RelayedConnection = new RelayedConnection(socket, meant, {
      step: (kind) => {
        const step = this.plan.take(kind, purpose)
        if (step !== null) this.cuts.push(describeStep(step))
        return step
      },
      lateReply: (kind, reply) => {
        this.lateReplies.push({ kind, reply })
      },
      closed: () => {
        this.connections.delete(connection)
      },
    })
    this.connections.add(connection)
    connection.begin()
  }
}
