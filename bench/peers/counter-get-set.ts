import { pino } from 'pino'
import { buildCounterApp } from '../../src/counter/app.ts'
import { readCounterConfig } from '../../src/counter/config.ts'
import { RedisConnection } from '../../src/counter/redis-connection.ts'

/**
 * The bundled counter, its server and its connection, but counting in two round trips (GET, then SET) and not atomically: what
 * remains between it and the real one is where it counts. PORT, HOST, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD.
 */
const { host, port, redis } = readCounterConfig(process.env)
const logger = pino({ level: 'warn' })
const timeoutMs = 15_000
const connection = new RedisConnection({ config: redis, logger, timeoutMs })

const store = {
  increment: async (key: string | Uint8Array) => {
    const next = String(Number((await connection.run(['GET', key], timeoutMs)) ?? '0') + 1)
    await connection.run(['SET', key, next], timeoutMs)
    return next
  },
  peek: async (key: string | Uint8Array) => (await connection.run(['GET', key], timeoutMs)) ?? '0',
  ping: async () => {
    await connection.run(['PING'], timeoutMs)
  },
  close: () => {
    connection.close()
  },
}

buildCounterApp({ store, logger }).listen(port, host)
