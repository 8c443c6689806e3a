import { createServer } from 'node:net'

export interface HeldSocket {
  readonly fd: number
  close(): void
}

interface TcpHandle {
  readonly fd: number
  bind(host: string, port: number): number
  bind6(host: string, port: number): number
  getsockname(out: { port?: number }): number
  close(): void
}

interface TcpWrap {
  readonly TCP: new (type: number) => TcpHandle
  readonly constants: { readonly SERVER: number }
}

/**
 * Binds a TCP address without listening, for a child that listens on the descriptor: while the child is dead and comes
 * back, connecting clients wait in the socket's backlog instead of being refused. Node has no public way to bind without
 * accepting, so this uses its internal binding (docs/decisions/0003-gateway-socket.md).
 * @returns null when the address is taken (an adopted child may hold it) or the binding is not there: the child then
 * binds by itself, and clients are refused while it is away
 */
export function holdSocket(host: string, port: number): HeldSocket | null {
  try {
    const { TCP, constants } = tcpWrap()
    const handle = new TCP(constants.SERVER)
    const error = host.includes(':') ? handle.bind6(host, port) : handle.bind(host, port)
    // libuv reports an address in use only when listening: the socket is then left without a port.
    const bound: { port?: number } = {}
    const isBound = error === 0 && handle.getsockname(bound) === 0 && bound.port === port && handle.fd >= 0
    if (isBound)
      return {
        fd: handle.fd,
        close: () => {
          handle.close()
        },
      }
    handle.close()
    return null
  } catch {
    return null
  }
}

function tcpWrap(): TcpWrap {
  const withBinding = process as unknown as { binding(name: string): TcpWrap }
  const noDeprecation = process.noDeprecation
  process.noDeprecation = true
  try {
    return withBinding.binding('tcp_wrap')
  } finally {
    process.noDeprecation = noDeprecation ?? false
  }
}

/** Tries to listen. @returns the error's code, or null when the address is free */
export function probeListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(null)
      })
    })
  })
}
