import type { ListenOptions, Server } from 'node:net'
import { HoldfastError } from '../errors.ts'

/**
 * @param name the address, for the error
 * @throws HoldfastError PORT_IN_USE
 */
export function listen(
  server: Server,
  options: ListenOptions | { readonly fd: number },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new HoldfastError(
          taken ? 'PORT_IN_USE' : 'INTERNAL',
          taken ? `${name} is in use by another process` : `cannot listen on ${name}: ${error.message}`,
          {
            hint: 'stop what listens there, or change gateway.listen in the spec',
            cause: error,
            exitCode: taken ? 2 : 1,
          },
        ),
      )
    })
    server.listen(options, resolve)
  })
}
