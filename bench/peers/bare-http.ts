import { createServer } from 'node:http'
import { Redis } from 'ioredis'

/** What the counter is measured against: node:http and ioredis with nothing between them. PORT, HOST, REDIS_HOST, REDIS_PORT. */
const { HOST, PORT, REDIS_HOST = '127.0.0.1', REDIS_PORT = '6379' } = process.env
const redis = new Redis({ host: REDIS_HOST, port: Number(REDIS_PORT) })

createServer((request, response) => {
  redis.incr(request.url?.slice(1) ?? '').then(
    (count) => {
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.end(`{"count":${count}}`)
    },
    () => response.writeHead(500).end(),
  )
}).listen(Number(PORT), HOST)
