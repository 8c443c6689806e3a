import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Counted, CountedHistory } from '../../src/verify/checkers/counted.ts'
import type { Outcome } from '../../src/verify/operation.ts'
import { eventually } from './eventually.ts'

/** Clients of a gateway that count, each its own key and one they share, and note what they were told. */
export interface GatewayLoad {
  readonly history: CountedHistory
  /** Until this many more are answered, from now on. */
  answered(more: number, withinMs?: number): Promise<void>
  /** Whatever was not a count, in the words that came. */
  errors(): readonly string[]
  stop(): Promise<CountedHistory>
}

/** Between two calls of one client: enough load to lose writes with, little enough for a machine of two cores. */
const pauseMs = 2

export function startGatewayLoad(
  address: { readonly host: string; readonly port: number },
  password: string,
  { clients = 4, prefix = 'count:' } = {},
): GatewayLoad {
  const history: Counted[] = []
  const connections = Array.from(
    { length: clients },
    () => new Redis({ host: address.host, port: address.port, password, maxRetriesPerRequest: 0 }),
  )
  let stopped = false
  const count = async (client: Redis, caller: number): Promise<void> => {
    for (let turn = 0; !stopped; turn += 1) {
      const id = prefix + (turn % 4 === 3 ? 'shared' : String(caller))
      const startMs = performance.now()
      const outcome = await client.incr(id).then(answer, failure)
      history.push({ id, caller, dueMs: startMs, startMs, endMs: performance.now(), outcome })
      await delay(pauseMs)
    }
  }
  const running = connections.map((client, caller) => {
    client.on('error', () => undefined)
    return count(client, caller)
  })
  const ok = () => history.reduce((sum, { outcome }) => (outcome.kind === 'ok' ? sum + 1 : sum), 0)
  return {
    history,
    answered: async (more, withinMs = 40_000) => {
      const goal = ok() + more
      await eventually(`${String(more)} more answers`, withinMs, () => ok() >= goal || String(ok()))
    },
    errors: () => history.flatMap(({ outcome }) => (outcome.kind === 'ok' ? [] : [outcome.why])),
    stop: async () => {
      stopped = true
      await Promise.all(running)
      for (const client of connections) client.disconnect()
      return history
    },
  }
}

function answer(count: number): Outcome<number> {
  return { kind: 'ok', answer: count }
}

/** UNCERTAIN, and a connection that ended, leave it open; every other error says that it did not run. */
function failure(error: unknown): Outcome<number> {
  const why = error instanceof Error ? error.message : String(error)
  return /^(TRYAGAIN|OOM) /.test(why) ? { kind: 'refused', why } : { kind: 'unknown', why }
}
