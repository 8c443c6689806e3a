import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

export interface RelayOptions {
  /** Listens here, on a port of the system's choice, and connects to the same address. */
  readonly address: string
  readonly port: number
  /** Each way. */
  readonly delayMs: number
}

const inFlightLimitBytes = 8 * 2 ** 20

/** Carries connections to a port of the same address, everything a little later, from the address that each one came from. */
export async function startRelay(options: RelayOptions): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    const upstream = createConnection({
      host: options.address,
      port: options.port,
      allowHalfOpen: true,
      noDelay: true,
      ...(client.remoteAddress === undefined ? {} : { localAddress: client.remoteAddress }),
    })
    carry(client, upstream, options.delayMs)
    carry(upstream, client, options.delayMs)
  })
  server.listen(0, options.address)
  await once(server, 'listening')
  return server
}

/** One direction. The end, and a loss, come as late as data does. */
function carry(source: Socket, sink: Socket, delayMs: number): void {
  let inFlightBytes = 0
  const later = (work: () => void) => {
    setTimeout(work, delayMs)
  }
  const settle = () => {
    if (inFlightBytes > inFlightLimitBytes || sink.writableLength > inFlightLimitBytes) source.pause()
    else source.resume()
  }
  source.on('data', (chunk: Buffer) => {
    inFlightBytes += chunk.length
    settle()
    later(() => {
      inFlightBytes -= chunk.length
      if (sink.writable) sink.write(chunk)
      settle()
    })
  })
  sink.on('drain', settle)
  source.on('end', () => {
    later(() => sink.end())
  })
  source.on('error', () => undefined)
  source.on('close', () => {
    later(() => {
      // After an orderly end it has its FIN already, and what it still says goes nowhere.
      if (source.errored !== null) sink.resetAndDestroy()
      else if (sink.writableFinished || !sink.writable) sink.destroy()
      else sink.destroySoon()
    })
  })
  source.resume()
}
