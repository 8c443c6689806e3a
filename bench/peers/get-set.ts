import { createServer } from 'node:http'
import { Redis } from 'ioredis'

/**
 * A counter as it is often written: GET, then SET, two round trips a request, and no care about anything. What the bundled one
 * is compared with at the front door. PORT, HOST, REDIS_HOST, REDIS_PORT.
 */
const { HOST, PORT, REDIS_HOST = '127.0.0.1', REDIS_PORT = '6379' } = process.env
const redis = new Redis({ host: REDIS_HOST, port: Number(REDIS_PORT) })

async function count(id: string): Promise<number> {
  const next = Number((await redis.get(id)) ?? '0') + 1
  await redis.set(id, next)
  return next
}

createServer((request, response) => {
  const id = request.url?.slice(1) ?? ''
  if (id === 'ping') {
    response.end()
    return
  }
  count(id).then(
    (value) => {
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.end(`{"count":${value}}`)
    },
    () => response.writeHead(500).end(),
  )
}).listen(Number(PORT), HOST)
