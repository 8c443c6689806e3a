import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/**
 * Measures the app's answers and serves them as Prometheus text on a server of their own (not yet listening),
 * since on the counter's port `/metrics` is an id like any other. Call before the app is ready.
 */
export function addMetrics(app: FastifyInstance): Server {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const durations = new Histogram({
    name: 'counter_request_duration_seconds',
    help: 'Time from a request to its answer, by route and status.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
    registers: [registry],
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url?.slice(1) ?? 'nothing'
    durations.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000)
    done()
  })
  return createServer((_request, response) => {
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    )
  })
}
