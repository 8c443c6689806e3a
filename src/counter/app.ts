import fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { routeOf } from './path.ts'
import type { Route } from './path.ts'
import type { CounterStore } from './store.ts'

export interface CounterAppOptions {
  readonly store: CounterStore
  readonly logger: Logger
  /** Once it is true every answer closes its connection, so that keep-alive clients go elsewhere. */
  readonly isDraining?: () => boolean
}

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain'
const ALLOWED = 'GET, HEAD'

/**
 * The counter's routes; it does not listen. Fastify's router would decode and refuse paths in ways of its own
 * (bytes that are no UTF-8, long ids), so a path is read once by `routeOf` and the router gets a fixed name.
 *
 * HEAD never counts: it is a safe method (RFC 9110, 9.2.1), and what sends it (link checkers, monitors,
 * caches) does not mean a call. It answers with the headers that a GET at that moment would have.
 */
export function buildCounterApp({ store, logger, isDraining }: CounterAppOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // Three bytes of path for each byte of a percent-encoded id, and room for the headers of proxies.
    http: { maxHeaderSize: 64 * 1024 },
    requestTimeout: 60_000,
    rewriteUrl: (request) => `/${routeOf(request.url ?? '').kind}`,
  })
  // No route reads a body, whatever its type claims.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => {
    done(null)
  })

  const warn = warnOnceASecond(logger)
  const answer = (reply: FastifyReply, status: number, type: string | undefined, body: string) => {
    reply.code(status)
    if (type !== undefined) reply.header('content-type', type)
    if (isDraining?.()) reply.header('connection', 'close')
    // An empty string would be given a content type.
    return type === undefined ? reply.header('content-length', '0').send() : reply.send(body)
  }

  app.route({
    method: ['GET', 'HEAD'],
    url: '/health',
    handler: (_request, reply) => {
      store.ping().then(
        () => answer(reply, 200, undefined, ''),
        (error: unknown) => {
          warn('ping failed', error)
          answer(reply, 500, undefined, '')
        },
      )
    },
  })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/id',
    handler: (request, reply) => {
      const route = routeOf(request.originalUrl)
      if (route.kind !== 'id') return notFound(reply)
      const count = request.method === 'HEAD' ? store.peek(route.key) : store.increment(route.key)
      count.then(
        (digits) => answer(reply, 200, JSON_TYPE, `{"count":${digits}}`),
        (error: unknown) => {
          warn('failed to get count', error)
          answer(reply, 500, TEXT_TYPE, 'failed to get count')
        },
      )
      return undefined
    },
  })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/malformed',
    handler: (_request, reply) => answer(reply, 400, TEXT_TYPE, 'malformed percent-encoding'),
  })

  const notFound = (reply: FastifyReply) => answer(reply, 404, TEXT_TYPE, 'not found')
  app.setNotFoundHandler((request, reply) => {
    const { kind } = routeOf(request.originalUrl)
    if (!hasMethods(kind)) return notFound(reply)
    return answer(reply.header('allow', ALLOWED), 405, TEXT_TYPE, 'method not allowed')
  })
  return app
}

function hasMethods(kind: Route['kind']): boolean {
  return kind !== 'nothing'
}

/** A database that is away fails every request: one line a second says so, and how many it stands for. */
function warnOnceASecond(logger: Logger): (message: string, error: unknown) => void {
  let lastMs = -Infinity
  let failures = 0
  return (message, error) => {
    failures += 1
    if (performance.now() - lastMs < 1000) return
    logger.warn({ reason: error instanceof Error ? error.message : String(error), failures }, message)
    lastMs = performance.now()
    failures = 0
  }
}
