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
  const { stream, close } = await openTunnel(api, to, signal)
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
  onclose: (event: { readonly wasClean: boolean }) => void
  onerror: (event: { readonly message?: string }) => void
  close(): void
}

/**
 * How it ended. `pod`: whoever listens there closed the connection, or died. `refused`: nobody listens there, and nothing of what was
 * written has got anywhere. `cut`: the API server or the pod's machine lost it in between, and the other end may be well.
 */
export type TunnelEnd = 'pod' | 'refused' | 'cut'

export interface Tunnel {
  readonly stream: Duplex
  /** Before the last data has been read. Never, after `close`. */
  readonly ended: Promise<TunnelEnd>
  readonly close: () => void
}

/**
 * One connection to a port of a pod, as `askPod` makes it.
 * @throws Error when the cluster does not make it; that nobody listens there shows later
 */
export async function openTunnel(
  { connection: { client, config } }: ClusterApi,
  { namespace, pod, port }: PodPort,
  signal: AbortSignal,
): Promise<Tunnel> {
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
  const { promise: ended, resolve: end } = Promise.withResolvers<TunnelEnd>()
  let isOwn = false
  const fail = (how: TunnelEnd, message: string) => {
    end(how)
    fromPod.destroy(new Error(message))
  }
  trouble.on('data', (chunk: Buffer) => {
    const words = chunk.toString().trim()
    if (words !== '') fail(notThere.test(words) ? 'refused' : 'cut', words)
  })
  fromPod.on('error', () => undefined)
  stream.on('error', () => undefined)
  // What ends in the pod is told in order, also when it was killed.
  socket.onclose = ({ wasClean }) => {
    if (!isOwn) end(wasClean ? 'pod' : 'cut')
    fromPod.end()
  }
  socket.onerror = (event: { readonly message?: string }) => {
    if (!isOwn) fail('cut', event.message ?? 'connection lost')
  }
  const close = () => {
    isOwn = true
    socket.close()
    stream.destroy()
    toPod.destroy()
  }
  return { stream, ended, close }
}

/** What containerd, CRI-O and socat say of a port that nobody listens on. */
const notThere = /refused|failed to connect/i

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
