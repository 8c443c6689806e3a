import { createConnection, type Socket } from 'node:net'
import { AbstractConnector } from 'ioredis'

const disconnectWithinMs = 2000

/** ioredis hands no `localAddress` on to the system. @returns a connector whose connections come from `from` */
export function connectorFrom(from: string, host: string, port: number) {
  return class extends AbstractConnector {
    constructor() {
      super(disconnectWithinMs)
    }

    override connect(): Promise<Socket> {
      this.connecting = true
      const socket = createConnection({ host, port, localAddress: from })
      this.stream = socket
      return Promise.resolve(socket)
    }
  }
}
