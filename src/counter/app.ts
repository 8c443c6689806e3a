import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { routeOf } from './path.ts'
import type { Key, Route } from './path.ts'
import type { CounterStore } from './store.ts'

export interface CounterAppOptions {
  readonly store: CounterStore
  readonly logger: Logger
  /** Once it is true every answer closes its connection, so that keep-alive clients go elsewhere. */
  readonly isDraining?: () => boolean
  /** Told each answer that was sent, and how long it took from its request. */
  readonly onAnswer?: ((route: Route['kind'], status: number, tookMs: number) => void) | undefined
}

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain'
const ALLOWED = 'GET, HEAD'

/**
 * The counter's server; it does not listen. No framework: one route that matters, whose path no router may decode or refuse in
 * a way of its own (bytes that are no UTF-8, long ids), and most of what a request costs is what stands around it.
 *
 * HEAD never counts: it is a safe method (RFC 9110, 9.2.1), and what sends it (link checkers, monitors,
 * caches) does not mean a call. It answers with the headers that a GET at that moment would have.
 */
export function buildCounterApp({ store, logger, isDraining, onAnswer }: CounterAppOptions): Server {
  const warn = warnOnceASecond(logger)

  /** @param body ASCII; without a type it is empty. */
  const answer = (
    response: ServerResponse,
    status: number,
    type: string | null,
    body: string,
    allow = '',
  ) => {
    const headers = ['content-length', String(body.length)]
    if (type !== null) headers.push('content-type', type)
    if (allow !== '') headers.push('allow', allow)
    if (isDraining?.()) headers.push('connection', 'close')
    response.writeHead(status, headers).end(body, 'latin1')
  }

  const count = (response: ServerResponse, digits: Promise<string>) => {
    digits.then(
      (count) => answer(response, 200, JSON_TYPE, `{"count":${count}}`),
      (error: unknown) => {
        warn('failed to get count', error)
        answer(response, 500, TEXT_TYPE, 'failed to get count')
      },
    )
  }

  const health = (response: ServerResponse) => {
    store.ping().then(
      () => answer(response, 200, null, ''),
      (error: unknown) => {
        warn('ping failed', error)
        answer(response, 500, null, '')
      },
    )
  }

  const handle = ({ method }: IncomingMessage, response: ServerResponse, route: Route) => {
    if (route.kind === 'nothing') answer(response, 404, TEXT_TYPE, 'not found')
    else if (method !== 'GET' && method !== 'HEAD')
      answer(response, 405, TEXT_TYPE, 'method not allowed', ALLOWED)
    else if (route.kind === 'malformed') answer(response, 400, TEXT_TYPE, 'malformed percent-encoding')
    else if (route.kind === 'health') health(response)
    else count(response, numberFor(store, method, route.key))
  }

  return createServer(
    {
      // Three bytes of path for each byte of a percent-encoded id, and room for the headers of proxies.
      maxHeaderSize: 64 * 1024,
      requestTimeout: 60_000,
      // Longer than the front door keeps an idle connection (60 s): who sends has to be the one who ends it.
      keepAliveTimeout: 72_000,
      // A GET has no body, and the stream that it would be read from is a quarter of what a request costs here.
      optimizeEmptyRequests: true,
    },
    (request, response) => {
      const route = routeOf(request.url ?? '')
      if (onAnswer !== undefined) {
        const started = performance.now()
        response.once('finish', () => {
          onAnswer(route.kind, response.statusCode, performance.now() - started)
        })
      }
      handle(request, response, route)
    },
  )
}

function numberFor(store: CounterStore, method: 'GET' | 'HEAD', key: Key): Promise<string> {
  return method === 'HEAD' ? store.peek(key) : store.increment(key)
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
