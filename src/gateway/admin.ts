import { createServer, type ServerResponse } from 'node:http'
import { HoldfastError } from '../errors.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { GatewayStatus } from './status.ts'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  readonly status: () => GatewayStatus
  readonly metrics: GatewayMetrics
  /** True when what arrives now would be confirmed. */
  readonly check: () => Promise<boolean>
  /** It accepts nobody further. */
  readonly stopping?: () => boolean
}

export interface Admin {
  readonly stop: () => Promise<void>
}

/**
 * For a load balancer, a monitor and a person:
 * - /live: 200 while the process works. Failing it is the one reason to kill the gateway.
 * - /ready: 200 while clients may be sent here: it has found a primary once, and is not stopping. It stays 200 without a primary,
 *   since commands then wait: whoever took the gateway away would turn a pause into refused connections.
 * - /health: 200 when a command would be answered now, else 503 with the reason. For alerts, never for killing or routing.
 * - /status: JSON. /metrics: Prometheus.
 * @throws HoldfastError PORT_IN_USE
 */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const { host, port } = options
  const server = createServer((request, response) => {
    answer(options, request.url ?? '/', response).catch((error: unknown) => {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error))
    })
  })
  // Whoever floods this port takes nothing from the clients.
  server.maxConnections = 64
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const name = `${host}:${String(port)}`
      const taken = error.code === 'EADDRINUSE'
      reject(
        new HoldfastError(
          taken ? 'PORT_IN_USE' : 'INTERNAL',
          taken
            ? `${name} (the gateway's admin port) is in use by another process`
            : `cannot listen on ${name}: ${error.message}`,
          {
            hint: 'stop what listens there, or change the admin port in the spec',
            cause: error,
            exitCode: taken ? 2 : 1,
          },
        ),
      )
    })
    server.listen({ host, port }, () => {
      resolve({
        stop: () =>
          new Promise((stopped) => {
            server.close(() => {
              stopped()
            })
            server.closeAllConnections()
          }),
      })
    })
  })
}

async function answer(options: AdminOptions, url: string, response: ServerResponse): Promise<void> {
  switch (url.split('?')[0]) {
    case '/live':
      send(response, 200, 'text/plain', 'ok')
      return
    case '/ready': {
      const problem = notReady(options)
      send(response, problem === null ? 200 : 503, 'text/plain', problem ?? 'ok')
      return
    }
    case '/health': {
      const problem = await unhealthy(options)
      send(response, problem === null ? 200 : 503, 'text/plain', problem ?? 'ok')
      return
    }
    case '/status':
      send(response, 200, 'application/json', JSON.stringify(options.status()))
      return
    case '/metrics': {
      const { type, body } = options.metrics.text()
      send(response, 200, type, body)
      return
    }
    default:
      send(response, 404, 'text/plain', 'there are /live, /ready, /health, /status and /metrics')
  }
}

function notReady({ metrics, stopping }: AdminOptions): string | null {
  if (stopping?.() === true) return 'it is stopping'
  return metrics.counters.primaries > 0 ? null : 'no primary was found since it started'
}

async function unhealthy({ status, check }: AdminOptions): Promise<string | null> {
  const { primary, reachable } = status()
  if (primary === null) return 'no primary is known'
  if (!reachable) return `${primary} does not answer`
  return (await check()) ? null : `${primary} and those that must have its writes do not confirm`
}

function send(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type.includes('charset') ? type : `${type}; charset=utf-8` })
  response.end(`${body}\n`)
}
