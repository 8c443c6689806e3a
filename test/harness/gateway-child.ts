import { createConnection } from 'node:net'
import type { RedisAddress } from '../../src/discovery/redis-client.ts'
import type { Connect } from '../../src/gateway/connection.ts'
import { startGateway, type GatewayOptions } from '../../src/gateway/gateway.ts'
import { internalCredentials, quietLog } from './redis-group.ts'

/** What a gateway in a process of its own is told, by its parent's channel and not on its command line. */
export interface GatewayChildOptions extends Pick<GatewayOptions, 'topology' | 'limits'> {
  /** Where connections to the primary go first. It is told, in a line, what each is for and where it leads. */
  readonly relay?: RedisAddress
}

export type GatewayQuestion = 'status' | 'collect-garbage'

/** Before it ends, the process answers every question, in order, by the gateway's status. */
process.once('message', (options: GatewayChildOptions) => {
  void run(options)
})
process.on('disconnect', () => process.exit(1))

async function run({ relay, ...options }: GatewayChildOptions): Promise<void> {
  const gateway = await startGateway({
    nodeCredentials: internalCredentials,
    sentinelCredentials: internalCredentials,
    passwordRequired: true,
    log: quietLog,
    ...options,
    ...(relay === undefined ? {} : { connect: through(relay) }),
  })
  process.on('message', (question: GatewayQuestion) => {
    if (question === 'collect-garbage') globalThis.gc?.()
    process.send?.(gateway.status())
  })
  process.send?.('listening')
}

function through(relay: RedisAddress): Connect {
  return ({ host, port }, purpose) => {
    const socket = createConnection({ ...relay, noDelay: true })
    socket.write(`${purpose} ${host} ${String(port)}\n`)
    return socket
  }
}
