import { setTimeout as delay } from 'node:timers/promises'
import { RedisClient } from '../../src/discovery/redis-client.ts'
import { ReplyError } from '../../src/resp/decode.ts'
import type { History, Operation, Outcome } from '../../src/verify/history.ts'

export interface WritersOptions {
  readonly host: string
  readonly port: number
  readonly password: string
  readonly writers: number
  /** Begins every key: ids of this load alone. */
  readonly keyPrefix: string
}

export interface Writers {
  /** All calls that have ended; it grows. */
  readonly history: History
  stop(): Promise<History>
}

/** Above the gateway's hold. */
const timeoutMs = 20_000
/** After a refusal, as common clients wait before they connect again. */
const pauseMs = 10

/** Error replies that say that the command was not run. Anything else (UNCERTAIN) leaves it open. */
const refusals = [
  'TRYAGAIN',
  'READONLY',
  'LOADING',
  'MASTERDOWN',
  'NOREPLICAS',
  'MISCONF',
  'NOAUTH',
  'WRONGPASS',
]

/** Writers that each INCR a key of its own, one call at a time, as soon as the last is answered; none is sent twice. */
export function startWriters(options: WritersOptions): Writers {
  const history: Operation[] = []
  let stopped = false
  const write = async (caller: number) => {
    const id = `${options.keyPrefix}${caller}`
    let client: RedisClient | undefined
    while (!stopped) {
      const startMs = performance.now()
      if (client === undefined || client.closed) client = await connect(options)
      const outcome: Outcome =
        client === undefined ? { kind: 'refused', why: 'no connection' } : await increment(client, id)
      history.push({ id, caller, dueMs: startMs, startMs, endMs: performance.now(), outcome })
      if (outcome.kind === 'refused') await delay(pauseMs)
    }
    client?.close('done')
  }
  const running = Promise.all(Array.from({ length: options.writers }, (_, caller) => write(caller)))
  return {
    history,
    stop: async () => {
      stopped = true
      await running
      return history
    },
  }
}

function connect({ host, port, password }: WritersOptions): Promise<RedisClient | undefined> {
  return new Promise((resolve) => {
    const client: RedisClient = new RedisClient(
      {
        host,
        port,
        credentials: { user: 'default', password },
        connectTimeoutMs: timeoutMs,
        onClose: () => {
          resolve(undefined)
        },
      },
      () => {
        resolve(client)
      },
    )
  })
}

async function increment(client: RedisClient, key: string): Promise<Outcome> {
  try {
    const [reply] = await client.send([['INCR', key]], timeoutMs)
    if (typeof reply === 'number') return { kind: 'ok', count: reply }
    const code = reply instanceof ReplyError ? (reply.message.split(' ')[0] ?? '') : 'no count'
    return { kind: refusals.includes(code) ? 'refused' : 'unknown', why: code }
  } catch {
    return { kind: 'unknown', why: 'connection lost' }
  }
}

/** The longest time in which one writer that wanted to write got no count; until the history's end when it got none any more. */
export function longestWaitMs(history: History): number {
  const endMs = history.reduce((last, operation) => Math.max(last, operation.endMs), 0)
  let longest = 0
  for (const operations of Map.groupBy(history, ({ caller }) => caller).values()) {
    let since = operations[0]?.startMs ?? endMs
    for (const operation of operations) {
      if (operation.outcome.kind !== 'ok') continue
      longest = Math.max(longest, operation.endMs - since)
      since = operation.endMs
    }
    longest = Math.max(longest, endMs - since)
  }
  return longest
}
