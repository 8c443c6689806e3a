import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { CounterAppOptions } from './app.ts'

export interface CounterMetrics {
  /** For the app. */
  readonly onAnswer: NonNullable<CounterAppOptions['onAnswer']>
  /** Answers any request with them; not yet listening. */
  readonly server: Server
}

/**
 * Measures the app's answers and serves them as Prometheus text on a server of their own, since on the counter's port
 * `/metrics` is an id like any other.
 */
export function createMetrics(): CounterMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'counter_request_duration_seconds',
    help: 'Time from a request to its answer, by route and status.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
    registers: [registry],
  })
  const server = createServer((_request, response) => {
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    )
  })
  return {
    onAnswer: (route, status, tookMs) => {
      durations.observe({ route, status }, tookMs / 1000)
    },
    server,
  }
}
