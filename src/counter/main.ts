import { once } from 'node:events'
import { Server as NetServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { destination, pino } from 'pino'
import { HoldfastError } from '../errors.ts'
import { buildCounterApp } from './app.ts'
import { readCounterConfig } from './config.ts'
import { createRedisStore } from './redis-store.ts'

export interface RunCounterOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborting it stops the counter: what was accepted is answered first. */
  readonly signal: AbortSignal
  /** Told the ports once they accept connections; they differ from the environment's only where that says 0. */
  readonly onListening?: (ports: { readonly port: number; readonly metricsPort: number | undefined }) => void
}

/** How long connections that are kept alive may use their last answer to learn that it is the last. */
const IDLE_GRACE_MS = 250
/** Above the store's own limit: only a client that does not finish its request is still there then. */
const STOP_LIMIT_MS = 17_000

/**
 * Runs the counter until the signal; resolves with the exit code 0. Redis need not be there yet.
 * Rejects with a HoldfastError (exit code 2) for an invalid environment or a port that is taken.
 */
export async function runCounter({ env, signal, onListening }: RunCounterOptions): Promise<number> {
  const config = readCounterConfig(env)
  const logger = pino({ level: config.logLevel, base: null }, destination({ dest: 2, sync: true }))
  const store = createRedisStore({ config: config.redis, logger })
  const metrics =
    config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics()
  const isDraining = () => signal.aborted
  const app = buildCounterApp({ store, logger, isDraining, onAnswer: metrics?.onAnswer })
  try {
    await listen(app, config.host, config.port, 'PORT')
    if (metrics) await listen(metrics.server, config.host, config.metricsPort ?? 0, 'METRICS_PORT')
    const port = portOf(app)
    logger.info({ host: config.host, port }, 'the counter listens')
    onListening?.({ port, metricsPort: metrics && portOf(metrics.server) })
    if (!signal.aborted) await once(signal, 'abort')
    await drain(app)
  } finally {
    if (metrics?.server.listening) await stop(metrics.server)
    if (app.listening) await stop(app)
    store.close()
  }
  return 0
}

async function listen(server: Server, host: string, port: number, variable: string): Promise<void> {
  try {
    server.listen({ host, port, backlog: 1024 })
    await once(server, 'listening')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new HoldfastError('PORT_IN_USE', `The counter cannot listen on ${host}:${port}: ${code}.`, {
      exitCode: 2,
      hint: `Set ${variable} (and HOST) to an address that is free.`,
      cause,
    })
  }
}

/**
 * Stops accepting at once and lets requests finish. Node's own close would at the same moment reset kept-alive
 * connections on which a request may be arriving; these get a short while to be told with their next answer.
 */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close')
  NetServer.prototype.close.call(server)
  const idle = setInterval(() => {
    server.closeIdleConnections()
  }, IDLE_GRACE_MS)
  const limit = setTimeout(() => {
    server.closeAllConnections()
  }, STOP_LIMIT_MS)
  await closed
  clearInterval(idle)
  clearTimeout(limit)
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
