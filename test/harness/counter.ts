import { once } from 'node:events'
import { connect } from 'node:net'
import { runCounter } from '../../src/counter/main.ts'

export interface RunningCounter extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly metricsPort: number | undefined
  readonly url: string
  /** Sends the stop signal; resolves with the exit code. */
  stop(): Promise<number>
}

/** The counter in this process, on a port from the system, listening when this resolves. */
export async function startCounter(host: string, env: Record<string, string>): Promise<RunningCounter> {
  const controller = new AbortController()
  const listening = Promise.withResolvers<{ port: number; metricsPort: number | undefined }>()
  const exit = runCounter({
    env: { HOST: host, PORT: '0', LOG_LEVEL: 'silent', ...env },
    signal: controller.signal,
    onListening: listening.resolve,
  })
  exit.catch(listening.reject)
  const ports = await listening.promise
  const stop = () => {
    controller.abort()
    return exit
  }
  return {
    host,
    ...ports,
    url: `http://${host}:${ports.port}`,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends a request line as these very bytes (latin1), which no HTTP client would, and reads until the end. */
export async function rawRequest(
  { host, port }: { readonly host: string; readonly port: number },
  target: string,
  method = 'GET',
  extra = '',
): Promise<RawResponse> {
  const socket = connect(port, host)
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${extra}\r\n`, 'latin1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  await once(socket, 'close')
  const [head, body] = splitOnce(text, '\r\n\r\n')
  const [status = '', ...lines] = head.split('\r\n')
  return {
    status: Number(status.split(' ')[1]),
    headers: Object.fromEntries(lines.map((line) => splitOnce(line.toLowerCase(), ': '))),
    body,
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
