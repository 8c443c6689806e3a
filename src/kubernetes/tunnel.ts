import { request, type IncomingMessage } from 'node:http'
import { Duplex, PassThrough } from 'node:stream'
import type { ClusterApi } from './api.ts'

export interface PodPort {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

export interface TunnelRequest {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  readonly signal: AbortSignal
}

export interface TunnelAnswer {
  readonly status: number
  readonly body: string
}

/**
 * One HTTP request to a port of a pod, through the API server and the pod's own machine, as `kubectl port-forward` does: no network
 * policy has to let it in, and no network between here and the pods is needed.
 * @throws Error when nobody answers
 */
export async function askPod(api: ClusterApi, to: PodPort, asked: TunnelRequest): Promise<TunnelAnswer> {
  const { signal, body } = asked
  const { stream, close } = await open(api, to, signal)
  try {
    return await new Promise<TunnelAnswer>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const outgoing = request({
        createConnection: () => stream,
        host: '127.0.0.1',
        port: to.port,
        method: asked.method ?? 'GET',
        path: asked.path,
        headers: {
          connection: 'close',
          ...asked.headers,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
        },
        signal,
      })
      outgoing.once('error', reject)
      outgoing.once('response', (answer) => {
        readAll(answer).then((content) => {
          resolve({ status: answer.statusCode ?? 0, body: content })
        }, reject)
      })
      outgoing.end(text)
    })
  } finally {
    close()
  }
}

/** Of the client's WebSocket, whose own types it does not bring, what is used here. */
interface PodSocket {
  onclose: () => void
  onerror: (event: { readonly message?: string }) => void
  close(): void
}

async function open(
  { connection: { client, config } }: ClusterApi,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<{ readonly stream: Duplex; readonly close: () => void }> {
  signal.throwIfAborted()
  const fromPod = new PassThrough()
  const toPod = new PassThrough()
  const trouble = new PassThrough()
  // The client ends the socket when its input ends, which is before the answer has come.
  const opening = new client.PortForward(config).portForward(namespace, pod, [port], fromPod, trouble, toPod)
  const socket = (await untilAborted(opening as Promise<unknown>, signal)) as PodSocket | (() => unknown)
  if (typeof socket === 'function') throw new Error('the client gave no socket')
  const writable = new PassThrough()
  writable.on('data', (chunk: Buffer) => toPod.write(chunk))
  const stream = Duplex.from({ readable: fromPod, writable })
  const fail = (message: string) => {
    fromPod.destroy(new Error(message))
  }
  trouble.on('data', (chunk: Buffer) => {
    if (chunk.length > 0) fail(chunk.toString().trim())
  })
  fromPod.on('error', () => undefined)
  stream.on('error', () => undefined)
  socket.onclose = () => fromPod.end()
  socket.onerror = (event: { readonly message?: string }) => {
    fail(event.message ?? 'connection lost')
  }
  const close = () => {
    socket.close()
    stream.destroy()
    toPod.destroy()
  }
  return { stream, close }
}

/** The client cannot be told to stop; what it still opens is closed at once. */
async function untilAborted<T>(opening: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([opening, aborted])
  } catch (error) {
    opening.then(
      (late) => {
        if (typeof late === 'object' && late !== null && 'close' in late)
          (late as { close: () => void }).close()
      },
      () => undefined,
    )
    throw error
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort)
  }
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
