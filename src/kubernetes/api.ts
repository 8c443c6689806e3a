import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError } from '../errors.ts'
import { ApiError, isNotFound, readApiError } from './api-error.ts'
import type { Connection } from './connect.ts'

export type Query = Readonly<Record<string, string>>

export interface CallOptions {
  readonly query?: Query
  readonly signal?: AbortSignal
}

/** The API of one cluster: JSON in the API's own words, which the client's classes would change (`from` to `_from`). */
export interface ClusterApi {
  readonly context: string
  readonly connection: Connection
  /** @throws ApiError, HoldfastError CLUSTER_UNREACHABLE, CLUSTER_REFUSED */
  get<T>(path: string, options?: CallOptions): Promise<T>
  /** @returns null when it is not there */
  find<T>(path: string, options?: CallOptions): Promise<T | null>
  list<T>(path: string, options?: CallOptions): Promise<readonly T[]>
  create<T>(path: string, object: object, options?: CallOptions): Promise<T>
  replace<T>(path: string, object: object, options?: CallOptions): Promise<T>
  /** Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
  apply<T>(path: string, object: object, options: ApplyOptions): Promise<T>
  /** JSON merge patch. */
  merge<T>(path: string, patch: object, options?: CallOptions): Promise<T>
  /** Does nothing where it is not there. */
  remove(path: string, body?: object, options?: CallOptions): Promise<void>
  /** What comes, as it comes. */
  stream(path: string, options?: CallOptions): Promise<IncomingMessage>
}

export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string
  readonly dryRun: boolean
}

interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: object
  readonly contentType?: string
}

/** An API server that starts anew, or a connection that is lost, is no reason to give up. */
const pausesMs = [200, 500, 1000, 2000]
const patienceMs = 30_000

export function clusterApi(connection: Connection): ClusterApi {
  const json = async <T>(path: string, call: Call): Promise<T> =>
    JSON.parse(await retried(call, () => text(connection, path, call))) as T
  const get = <T>(path: string, options: CallOptions = {}) => json<T>(path, { method: 'GET', ...options })
  return {
    context: connection.context,
    connection,
    get,
    find: async <T>(path: string, options?: CallOptions) => {
      try {
        return await get<T>(path, options)
      } catch (error) {
        if (isNotFound(error)) return null
        throw error
      }
    },
    list: async <T>(path: string, options?: CallOptions) =>
      (await get<{ items?: readonly T[] }>(path, options)).items ?? [],
    create: (path, body, options = {}) => json(path, { method: 'POST', body, ...options }),
    replace: (path, body, options = {}) => json(path, { method: 'PUT', body, ...options }),
    apply: (path, body, { fieldManager, dryRun, query = {}, ...options }) =>
      json(path, {
        method: 'PATCH',
        body,
        contentType: 'application/apply-patch+yaml',
        // Force: what the spec says counts, whoever else has written it.
        query: { ...query, fieldManager, force: 'true', ...(dryRun ? { dryRun: 'All' } : {}) },
        ...options,
      }),
    merge: (path, body, options = {}) =>
      json(path, { method: 'PATCH', body, contentType: 'application/merge-patch+json', ...options }),
    remove: async (path, body, options = {}) => {
      try {
        await json(path, { method: 'DELETE', ...(body === undefined ? {} : { body }), ...options })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
    stream: async (path, options = {}) => {
      const answer = await send(connection, path, { method: 'GET', ...options })
      const status = answer.statusCode ?? 0
      if (status >= 300) throw refusal(connection, status, await readAll(answer))
      return answer
    },
  }
}

/** Only what does the same when it is done twice. */
async function retried<T>(call: Call, attempt: () => Promise<T>): Promise<T> {
  const isRepeatable = call.method === 'GET' || call.contentType === 'application/apply-patch+yaml'
  for (const pauseMs of isRepeatable ? pausesMs : []) {
    try {
      return await attempt()
    } catch (error) {
      call.signal?.throwIfAborted()
      if (!isPassing(error)) throw error
      await delay(pauseMs, undefined, call.signal === undefined ? {} : { signal: call.signal })
    }
  }
  return await attempt()
}

function isPassing(error: unknown): boolean {
  if (error instanceof ApiError) return [429, 502, 503, 504].includes(error.status)
  return error instanceof HoldfastError && error.code === 'CLUSTER_UNREACHABLE'
}

async function text(connection: Connection, path: string, call: Call): Promise<string> {
  const limit = AbortSignal.timeout(patienceMs)
  const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit])
  const answer = await send(connection, path, { ...call, signal })
  let body: string
  try {
    body = await readAll(answer)
  } catch (cause) {
    call.signal?.throwIfAborted()
    throw unreachable(connection, cause)
  }
  const status = answer.statusCode ?? 0
  if (status >= 300) throw refusal(connection, status, body)
  return body
}

async function send(connection: Connection, path: string, call: Call): Promise<IncomingMessage> {
  const { config } = connection
  const server = new URL(config.getCurrentCluster()?.server ?? '')
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query).toString()}`
  const start = server.protocol === 'http:' ? httpRequest : httpsRequest
  return await new Promise((resolve, reject) => {
    const outgoing = start({
      ...options,
      host: server.hostname,
      ...(server.port === '' ? {} : { port: server.port }),
      path: `${server.pathname.replace(/\/$/, '')}${path}${query}`,
      method: call.method,
      headers: {
        ...(options.headers as OutgoingHttpHeaders | undefined),
        accept: 'application/json',
        'user-agent': 'holdfast',
        ...(body === undefined
          ? {}
          : {
              'content-type': call.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    })
    outgoing.once('response', resolve)
    outgoing.once('error', (cause) => {
      reject(isAborted(call.signal) ? (call.signal?.reason as Error) : unreachable(connection, cause))
    })
    outgoing.end(body)
  })
}

/** A limit that has passed is the cluster's silence, and not the caller's wish. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return (
    signal?.aborted === true &&
    !(signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError')
  )
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function unreachable({ context, config }: Connection, cause: unknown): HoldfastError {
  const server = config.getCurrentCluster()?.server ?? ''
  const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
  return new HoldfastError(
    'CLUSTER_UNREACHABLE',
    `the cluster of the context ${context} does not answer at ${server}: ${why}`,
    {
      hint: `Does it run? kubectl --context ${context} get nodes`,
    },
  )
}

function refusal({ context }: Connection, status: number, body: string): ApiError {
  const error = readApiError(status, body)
  if (status !== 401 && status !== 403) return error
  // A full quota or a policy is refused with 403, too, and with what is meant.
  const who = status === 401 ? 'does not know who this is' : 'refuses'
  const hint =
    status === 401 ? 'Log in again, as for kubectl.' : 'Somebody who administers the cluster can allow it.'
  return new ApiError(
    status,
    error.reason,
    `the cluster of the context ${context} ${who}: ${error.message}`,
    hint,
  )
}
