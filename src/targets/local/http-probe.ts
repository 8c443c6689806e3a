import { get } from 'node:http'

export interface HttpProbe {
  /** HTTP status, or what went wrong: `ECONNREFUSED`, `no answer within 1000 ms`. */
  readonly result: number | string
  readonly body: string
}

/** One GET on a connection of its own. Never throws. */
export function httpProbe(
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
  {
    timeoutMs = 1000,
    headers = {},
    from,
  }: {
    readonly timeoutMs?: number
    readonly headers?: Record<string, string>
    readonly from?: string
  } = {},
): Promise<HttpProbe> {
  return new Promise((resolve) => {
    const timeout = new AbortController()
    const timer = setTimeout(() => {
      timeout.abort()
      resolve({ result: `no answer within ${String(timeoutMs)} ms`, body: '' })
    }, timeoutMs)
    const finish = (probe: HttpProbe) => {
      clearTimeout(timer)
      resolve(probe)
    }
    const source = from === undefined ? {} : { localAddress: from }
    const options = { host, port, path, headers, agent: false, signal: timeout.signal, ...source }
    const request = get(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => {
        finish({ result: 'connection lost', body: '' })
      })
      response.on('end', () => {
        finish({ result: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      finish({ result: error.code ?? error.message, body: '' })
    })
  })
}

/** The address to ask a listener that may listen on every address. */
export function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
}
