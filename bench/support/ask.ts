import { RedisClient } from '../../src/discovery/redis-client.ts'

/** One command on a connection of its own. @returns the reply as JSON */
export function ask(
  { host, port, password }: { readonly host: string; readonly port: number; readonly password: string },
  command: readonly string[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const client: RedisClient = new RedisClient(
      {
        host,
        port,
        credentials: { user: 'default', password },
        connectTimeoutMs: 1000,
        onClose: (reason) => {
          reject(new Error(`${host}:${port}: ${reason}`))
        },
      },
      () => {
        client.send([command], 1000).then(
          ([reply]) => {
            resolve(JSON.stringify(reply))
            client.close('done')
          },
          () => {
            // onClose has said why
          },
        )
      },
    )
  })
}
