import { Socket, type SocketConstructorOpts } from 'node:net'

/** For the server whose connections are read in this way. */
export const acceptOptions = {
  allowHalfOpen: true,
  pauseOnConnect: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 300_000,
} as const

const bufferBytes = 64 * 1024
const buffer = Buffer.allocUnsafeSlow(bufferBytes)

/** What Node keeps behind a socket. It is not documented, but `handle` is how Node's own server makes its sockets of it. */
interface Accepted {
  _handle?: object | null
}

/**
 * The same connection, whose bytes come in one buffer that all of them share. Node otherwise takes 64 KiB for
 * each read of each connection, however few bytes come: that is a tenth of what a command costs, most of it collecting garbage.
 * Node offers this (`onread`) for connections that one opens oneself, not for those that a server accepts.
 * @param accepted by a server with `acceptOptions`, and over from now on; the server does not wait for the one that is returned
 * @param receive called with each piece, which is there only until it returns
 * @see https://nodejs.org/api/net.html#new-netsocketoptions
 */
export function withSharedReads(accepted: Socket, receive: (piece: Buffer) => void): Socket {
  const from = accepted as unknown as Accepted
  const { _handle: handle } = from
  if (handle === undefined || handle === null) {
    accepted.on('data', receive)
    return accepted
  }
  const options = {
    handle,
    allowHalfOpen: acceptOptions.allowHalfOpen,
    onread: {
      buffer,
      callback: (length: number) => {
        receive(buffer.subarray(0, length))
        return true
      },
    },
  }
  // what is left of it would cost memory for as long as the connection lasts
  from._handle = null
  accepted.destroy()
  return new Socket(options as SocketConstructorOpts)
}
