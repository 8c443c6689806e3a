import { Redis } from 'ioredis'
import { createClient, RESP_TYPES, WatchError } from 'redis'

/** Numbers come as their digits, so that none is rounded. */
export type Answer = string | null | readonly Answer[]

export type Words = readonly [string, ...string[]]

/** One connection of an unmodified client, which never connects again: a connection that ends is seen. */
export interface SteadyCaller {
  readonly name: string
  call(...words: Words): Promise<Answer>
  /** In one write. An error among the answers is one of them. */
  pipeline(commands: readonly Words[]): Promise<readonly (Answer | Error)[]>
  /** MULTI, the commands, EXEC. Null: EXEC was answered with null. */
  transaction(commands: readonly Words[]): Promise<readonly Answer[] | null>
  close(): void
}

interface Endpoint {
  readonly host: string
  readonly port: number
  readonly password: string
}

/** ioredis, RESP2. */
export function ioredisCaller(endpoint: Endpoint): SteadyCaller {
  const client = new Redis({
    ...endpoint,
    stringNumbers: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  client.on('error', () => undefined)
  return {
    name: 'ioredis',
    call: async (name, ...args) => digits(await client.call(name, ...args)),
    pipeline: async (commands) => {
      const pairs = (await client.pipeline(commands.map((words) => ['call', ...words])).exec()) ?? []
      return pairs.map(([error, value]) => error ?? digits(value))
    },
    transaction: async (commands) => {
      const pairs = await client.multi(commands.map((words) => ['call', ...words])).exec()
      if (pairs === null) return null
      return pairs.map(([error, value]) => {
        if (error !== null) throw error
        return digits(value)
      })
    },
    close: () => {
      client.disconnect()
    },
  }
}

/** node-redis, RESP3. */
export async function nodeRedisCaller({ host, port, password }: Endpoint): Promise<SteadyCaller> {
  const client = createClient({
    RESP: 3,
    password,
    socket: { host, port, reconnectStrategy: false },
    commandOptions: { typeMapping: { [RESP_TYPES.NUMBER]: String } },
  })
  client.on('error', () => undefined)
  await client.connect()
  return {
    name: 'node-redis',
    call: async (...words) => digits(await client.sendCommand([...words])),
    // what is sent in one tick leaves in one write
    pipeline: async (commands) => {
      const answers = await Promise.allSettled(commands.map((words) => client.sendCommand([...words])))
      return answers.map((each) =>
        each.status === 'fulfilled' ? digits(each.value) : (each.reason as Error),
      )
    },
    transaction: async (commands) => {
      const multi = client.multi()
      for (const words of commands) multi.addCommand([...words])
      try {
        return (await multi.exec()).map(digits)
      } catch (error) {
        if (error instanceof WatchError) return null
        throw error
      }
    },
    close: () => {
      client.destroy()
    },
  }
}

function digits(value: unknown): Answer {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.map(digits)
  if (value instanceof Error) throw value
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  throw new TypeError(`no answer of Redis: ${JSON.stringify(value)}`)
}
