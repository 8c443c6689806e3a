import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterApi } from './api.ts'
import { openTunnel, type PodPort, type Tunnel, type TunnelEnd } from './tunnel.ts'

export interface RelayOptions {
  readonly api: ClusterApi
  /** Where the next connection goes, as a Service chooses it; null: nowhere right now. */
  readonly next: () => PodPort | null
  /** A connection was lost on the way, or given up before there was a way: nothing of it is the pod's doing. */
  readonly onCut: () => void
}

export interface Relay {
  /** On 127.0.0.1. */
  readonly port: number
  close(): Promise<void>
}

const openWithinMs = 3000
/** A connection waits so long for a pod that takes it. */
const patienceMs = 10_000
const againMs = 50
/** From here on the way, and not the pod, is what a caller has waited for. */
const slowMs = 500

/**
 * A port of this machine that stands for a Service of the cluster: every connection goes to one of its pods, through the API server.
 * One that no pod takes goes to another pod; what a pod may have got goes nowhere else.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const closing = new AbortController()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    carry(socket, options, closing.signal).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      closing.abort()
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

async function carry(socket: Socket, { api, next, onCut }: RelayOptions, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + patienceMs
  const unheard: Buffer[] = []
  while (!isGone(socket) && performance.now() < deadline) {
    const since = performance.now()
    const to = next()
    const tunnel = to === null ? null : await tryOpen(api, to, signal)
    const tookMs = performance.now() - since
    if (tunnel === null) {
      if (isGone(socket) && tookMs > slowMs) onCut()
      await delay(againMs, undefined, { signal })
      continue
    }
    const { end, isHeard } = await join(socket, tunnel, unheard)
    tunnel.close()
    if (end === 'refused') continue
    if (end === 'cut' || (end === 'caller' && !isHeard && tookMs > slowMs)) onCut()
    if (end === 'pod') {
      socket.end()
      return
    }
    break
  }
  socket.destroy()
}

function isGone(socket: Socket): boolean {
  return socket.destroyed
}

async function tryOpen(api: ClusterApi, to: PodPort, signal: AbortSignal): Promise<Tunnel | null> {
  try {
    return await openTunnel(api, to, AbortSignal.any([signal, AbortSignal.timeout(openWithinMs)]))
  } catch {
    signal.throwIfAborted()
    return null
  }
}

/** @param unheard what the caller has said and no pod may have got; it is taken up here, and kept until a pod has answered */
function join(
  socket: Socket,
  tunnel: Tunnel,
  unheard: Buffer[],
): Promise<{ readonly end: TunnelEnd | 'caller'; readonly isHeard: boolean }> {
  return new Promise((resolve) => {
    let isHeard = false
    const say = (chunk: Buffer) => {
      if (!isHeard) unheard.push(chunk)
      tunnel.stream.write(chunk)
    }
    const settle = (end: TunnelEnd | 'caller') => {
      socket.off('data', say).pause()
      resolve({ end, isHeard })
    }
    if (socket.destroyed) {
      settle('caller')
      return
    }
    for (const chunk of unheard) tunnel.stream.write(chunk)
    socket.on('data', say).resume()
    socket.once('close', () => {
      settle('caller')
    })
    tunnel.stream.on('data', (chunk: Buffer) => {
      isHeard = true
      unheard.length = 0
      socket.write(chunk)
    })
    // Not before its last data.
    tunnel.stream.once('close', () => {
      void tunnel.ended.then((end) => {
        settle(end === 'refused' && isHeard ? 'cut' : end)
      })
    })
    tunnel.stream.once('end', () => tunnel.stream.end())
  })
}
