import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { HoldfastError } from '../errors.ts'
import type { NodeAgent } from './agent.ts'
import { isReady } from './ready.ts'
import { readComponent, readFence, readFollow, readPriority, readTarget } from './requests.ts'

const limitBytes = 64 * 1024

/**
 * The agents' HTTP interface; see api.ts. Only for those that know the internal secret, but for what a supervisor of containers
 * asks, which has no secret: /live and /ready say no more than yes or no.
 */
export function createAgentServer(current: () => NodeAgent | null, internalSecret: string): Server {
  const expected = digest(`Bearer ${internalSecret}`)
  const server = createServer((request, response) => {
    if (request.method === 'GET' && (request.url === '/live' || request.url === '/ready')) {
      probe(current(), request.url).then(
        (ok) => {
          reply(response, ok ? 200 : 503, {})
        },
        () => {
          reply(response, 503, {})
        },
      )
      return
    }
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      reply(response, 401, { error: 'unauthorized' })
      return
    }
    const agent = current()
    if (agent === null) {
      reply(response, 503, { error: 'the agent is starting' })
      return
    }
    answer(agent, request).then(
      (body) => {
        reply(response, 200, body ?? {})
      },
      (error: unknown) => {
        const hint = error instanceof HoldfastError ? error.hint : undefined
        const status = !(error instanceof HoldfastError) ? 500 : error.code === 'USAGE' ? 400 : 409
        reply(response, status, { error: error instanceof Error ? error.message : String(error), hint })
      },
    )
  })
  server.requestTimeout = 5000
  return server
}

/** Alive is the agent itself, whatever becomes of its servers: it starts them anew, and one that loads may take long. */
async function probe(agent: NodeAgent | null, url: '/live' | '/ready'): Promise<boolean> {
  return url === '/live' || (agent !== null && isReady(await agent.state()))
}

async function answer(agent: NodeAgent, request: IncomingMessage): Promise<unknown> {
  const route = `${request.method ?? ''} ${request.url ?? ''}`
  if (route === 'GET /state') return agent.state()
  const body = await readJson(request)
  switch (route) {
    case 'POST /fence':
      return agent.fence(readFence(body))
    case 'POST /follow':
      return agent.follow(readFollow(body))
    case 'POST /alert':
      agent.alert()
      return {}
    case 'POST /decide':
      agent.decide().catch(() => undefined)
      return {}
    case 'POST /priority': {
      const { value, forMs } = readPriority(body)
      return agent.priority(value, forMs)
    }
    case 'POST /switchover':
      return agent.switchover(readTarget(body))
    case 'POST /restart':
      return agent.restart(readComponent(body))
    default:
      throw new HoldfastError('USAGE', `the agent has no ${route}`)
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes)
      throw new HoldfastError('USAGE', `a request of more than ${String(limitBytes)} bytes`)
    chunks.push(chunk)
  }
  return size === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown)
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
